import HTTPTransport
import Primitives
import Telemetry
import Testing

@testable import ConsulHTTP

@Suite struct RouteTableTests {
    private static func route(_ path: String) -> Route {
        Route(path, ("GET", .open, .direct { _ in }))
    }

    /// Returns the path of the found route, and the subject; nil for none.
    private static func find(_ path: String, _ table: RouteTable) -> [String]? {
        let bytes = Array(path.utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            table.find(bytes).map {
                let subject = UnsafeBufferPointer(rebasing: bytes[$0.subject])
                return [table.routes[$0.route].path, String(decoding: subject, as: UTF8.self)]
            }
        }
    }

    private static let table = RouteTable(
        [
            "/a/", "/a/b", "/a/b/c/", "/abc", "/v1/query", "/v1/query/", "/v1/query/:id/execute",
            "/v1/query/:id/x/execute", "/v1/query/explain/", "/x",
        ].map(route))

    @Test(arguments: [
        ("/a/b", ["/a/b", ""]),
        ("/a/", ["/a/", ""]),
        ("/a/bc", ["/a/", "bc"]),
        ("/a/b/", ["/a/", "b/"]),
        ("/a/b/c/d/e", ["/a/b/c/", "d/e"]),
        ("/abc", ["/abc", ""]),
        ("/v1/query", ["/v1/query", ""]),
        ("/v1/query/1", ["/v1/query/", "1"]),
        ("/v1/query/1/execute", ["/v1/query/:id/execute", "1"]),
        ("/v1/query/a/b/execute", ["/v1/query/:id/execute", "a/b"]),
        ("/v1/query/1/x/execute", ["/v1/query/:id/x/execute", "1"]),
        // A parameter has at least one byte.
        ("/v1/query//execute", ["/v1/query/", "/execute"]),
        ("/v1/query/1/execute/", ["/v1/query/", "1/execute/"]),
        // The longest head is chosen.
        ("/v1/query/explain/1/execute", ["/v1/query/explain/", "1/execute"]),
    ]) func pathHasItsRoute(_ path: String, _ expected: [String]) {
        #expect(Self.find(path, Self.table) == expected)
    }

    @Test(arguments: ["", "/", "/a", "/ab", "/abcd", "/v1", "/v1/quer", "/x/", "a/b", "/A/b"])
    func otherPathsHaveNone(_ path: String) {
        #expect(Self.find(path, Self.table) == nil)
    }

    /// A short prefix matches the paths below it.
    @Test func shortPrefixesMatch() {
        let table = RouteTable(["/", "/u/", "/ui/"].map(Self.route))
        #expect(Self.find("/", table) == ["/", ""])
        #expect(Self.find("/u/x", table) == ["/u/", "x"])
        #expect(Self.find("/ui/index.html", table) == ["/ui/", "index.html"])
        #expect(Self.find("/uix", table) == ["/", "uix"])
    }

    @Test func emptyTableFindsNothing() {
        #expect(Self.find("/v1/kv/a", RouteTable([])) == nil)
    }

    @Test(arguments: [
        (["/a", "/b", "/a"], "the routes /a and /a match the same paths"),
        (["/a/"], nil), (["/a", "/a/"], nil),
        (
            ["/q/:id/run", "/q/:name/run"],
            "the routes /q/:id/run and /q/:name/run match the same paths"
        ),
        (["/q/:id/run", "/q/:id/show", "/q/"], nil),
    ]) func duplicatesAreNamed(_ paths: [String], _ fault: String?) {
        #expect(RouteTable.fault(in: paths.map(Self.route)) == fault)
    }

    @Test func methodGivenTwiceIsNamed() {
        let route = Route(
            "/a", ("GET", .open, .direct { _ in }), ("GET", .open, .direct { _ in }))
        #expect(RouteTable.fault(in: [route]) == "the route /a has GET twice")
    }

    @Test func everyStandardRouteFindsItself() {
        #expect(RouteTable.standard.routes.count > 90)
        for route in RouteTable.standardRoutes {
            let subject = route.hasSubject ? "some thing/else" : ""
            let path = route.path(of: subject)
            #expect(Self.find(path, .standard) == [route.path, subject])
        }
    }

    /// The tree finds the same route as a comparison with every route.
    @Test func treeAgreesWithAPlainSearch() {
        var random = SeededRandom(seed: 7)
        let words = ["a", "b", "ab", "ba", "a.b"]
        func path(_ parts: Int) -> String {
            (0..<parts).map { _ in "/" + words[Int(random.next() % 5)] }.joined()
        }
        for _ in 0..<200 {
            var paths: Set<String> = []
            for _ in 0..<12 {
                let start = path(Int(random.next() % 4))
                switch random.next() % 3 {
                case 0: paths.insert(start.isEmpty ? "/a" : start)
                case 1: paths.insert(start + "/")
                default: paths.insert(start + "/:id" + path(1))
                }
            }
            let table = RouteTable(paths.sorted().map(Self.route))
            for _ in 0..<40 {
                let asked = path(1 + Int(random.next() % 4)) + (random.next() % 3 == 0 ? "/" : "")
                #expect(Self.find(asked, table) == Self.plain(asked, table.routes), "\(asked)")
            }
        }
    }

    private static func plain(_ path: String, _ routes: [Route]) -> [String]? {
        if routes.contains(where: { !$0.hasSubject && $0.path == path }) { return [path, ""] }
        let fitting = routes.filter { route in
            let least = route.head.utf8.count + route.tail.utf8.count + (route.tail.isEmpty ? 0 : 1)
            return route.hasSubject && path.utf8.count >= least && path.hasPrefix(route.head)
                && path.hasSuffix(route.tail)
        }
        let best = fitting.max {
            ($0.head.utf8.count, $0.tail.utf8.count) < ($1.head.utf8.count, $1.tail.utf8.count)
        }
        return best.map { best in
            [
                best.path,
                String(path.dropFirst(best.head.count).dropLast(best.tail.count)),
            ]
        }
    }

    @Test(arguments: [
        ("/v1/kv/", "http.GET.v1.kv._"), ("/v1/status/leader", "http.GET.v1.status.leader"),
        ("/v1/query/:id/execute", "http.GET.v1.query._.execute"),
    ]) func timingsAreNamedByTheirRoutes(_ path: String, _ name: String) {
        #expect("\(RouteTimings.name("GET", path).parts.joined(separator: "."))" == name)
    }
}
