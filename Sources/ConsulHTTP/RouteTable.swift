import ConsulModel
import HTTPTransport

/// How a route answers.
enum RouteAction: Sendable {
    /// On the event loop, through `exchange.call` or the responder. Must not block.
    case direct(@Sendable (Exchange) throws(ConsulError) -> Void)
    /// In a task: for the agent's own rare calls.
    case task(@Sendable (Exchange) async throws(ConsulError) -> HTTPResponse)
}

/// A path, or with a `/` at its end all paths below it, and who answers which method.
struct Route: Sendable {
    let path: String
    let actions: [(method: String, action: RouteAction)]
    /// Its place in the table, for what is kept beside it.
    var place = 0

    init(_ path: String, _ actions: (method: String, action: RouteAction)...) {
        self.init(path, actions)
    }

    init(_ path: String, _ actions: [(method: String, action: RouteAction)]) {
        self.path = path
        self.actions = actions
    }

    /// As the `Allow` header lists them.
    var allowed: String { (["OPTIONS"] + actions.map { $0.method }).joined(separator: ",") }
}

/// All routes: one line each, in the files of their subjects.
struct RouteTable: Sendable {
    private let exact: [String: Route]
    /// Longest first, and their paths' bytes beside them.
    private let prefixes: [Route]
    private let prefixBytes: [[UInt8]]
    /// All of them, by their places.
    let routes: [Route]

    init(_ unplaced: [Route]) {
        var routes = unplaced
        for place in routes.indices { routes[place].place = place }
        self.routes = routes
        var exact: [String: Route] = [:]
        for route in routes where !route.path.hasSuffix("/") { exact[route.path] = route }
        self.exact = exact
        prefixes = routes.filter { $0.path.hasSuffix("/") }
            .sorted { $0.path.utf8.count > $1.path.utf8.count }
        prefixBytes = prefixes.map { Array($0.path.utf8) }
    }

    /// The route of a path, and the rest behind a prefix.
    func find(_ path: String) -> (route: Route, rest: Substring)? {
        if let route = exact[path] { return (route, "") }
        var native = path
        let place = native.withUTF8 { bytes in
            prefixBytes.firstIndex { prefix in
                prefix.count <= bytes.count
                    && prefix.withUnsafeBufferPointer {
                        UnsafeBufferPointer(rebasing: bytes[..<$0.count]).elementsEqual($0)
                    }
            }
        }
        guard let place else { return nil }
        let end = path.utf8.index(path.startIndex, offsetBy: prefixBytes[place].count)
        return (prefixes[place], path[end...])
    }

    /// True for a prefix without its `/`.
    func isGroup(_ path: String) -> Bool {
        let group = path + "/"
        return prefixes.contains { $0.path == group }
    }

    static let standard = RouteTable(
        kvRoutes + txnRoutes + snapshotRoutes + sessionRoutes + catalogRoutes + healthRoutes
            + coordinateRoutes + statusRoutes
            + operatorRoutes + eventRoutes + agentRoutes + agentServiceRoutes + agentCheckRoutes
            + watchRoutes + aclRoutes + metricsRoutes
            + debugRoutes)
}
