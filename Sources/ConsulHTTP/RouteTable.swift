import ConsulModel
import Glibc
import HTTPTransport

/// How a route answers.
enum RouteAction: Sendable {
    /// On the event loop, through `exchange.call` or the responder. Must not block.
    case direct(@Sendable (Exchange) throws(ConsulError) -> Void)
    /// In a task: for the agent's own rare calls.
    case task(@Sendable (Exchange) async throws(ConsulError) -> HTTPResponse)
}

/// A path, or with a `/` at its end all paths below it, and who answers which method.
final class Route: Sendable {
    let path: String
    let actions: [(method: String, action: RouteAction)]

    convenience init(_ path: String, _ actions: (method: String, action: RouteAction)...) {
        self.init(path, actions)
    }

    init(_ path: String, _ actions: [(method: String, action: RouteAction)]) {
        self.path = path
        self.actions = actions
    }

    /// As the `Allow` header lists them.
    var allowed: String { (["OPTIONS"] + actions.map { $0.method }).joined(separator: ",") }
}

/// All routes: one line each, in the files of their subjects. A route goes by its place here, for
/// what is kept beside it.
struct RouteTable: Sendable {
    private struct Path: Sendable {
        /// Where its bytes begin in `text`.
        let start: Int
        let count: Int
        let isPrefix: Bool
        let place: Int
    }

    let routes: [Route]
    /// All paths' bytes, one behind the other: a search touches this memory alone.
    private let text: [UInt8]
    /// By the letter that tells most groups apart, behind `/v1/`; the longest first, so that a
    /// whole path comes before the prefixes of it.
    private let paths: [Path]
    /// Where the paths of each letter begin in `paths`.
    private let letters: [Int]

    init(_ routes: [Route]) {
        self.routes = routes
        var text: [UInt8] = []
        var groups = [[Path]](repeating: [], count: 256)
        for (place, route) in routes.enumerated() {
            let bytes = Array(route.path.utf8)
            groups[Self.letter(bytes.span)].append(
                Path(
                    start: text.count, count: bytes.count, isPrefix: route.path.hasSuffix("/"),
                    place: place))
            text += bytes
        }
        self.text = text
        var paths: [Path] = []
        var letters: [Int] = []
        for group in groups {
            letters.append(paths.count)
            paths += group.sorted { $0.count > $1.count }
        }
        self.paths = paths
        self.letters = letters + [paths.count]
    }

    private static func letter(_ path: Span<UInt8>) -> Int { path.count > 4 ? Int(path[4]) : 0 }

    /// The place of a path's route, and where what stands behind a prefix begins.
    func find(_ path: UnsafeBufferPointer<UInt8>) -> (place: Int, rest: Int)? {
        guard let start = path.baseAddress else { return nil }
        let letter = Self.letter(path.span)
        return text.withUnsafeBufferPointer { text in
            for known in paths[letters[letter]..<letters[letter + 1]] {
                let fits = known.isPrefix ? known.count <= path.count : known.count == path.count
                if fits, memcmp(start, text.baseAddress! + known.start, known.count) == 0 {
                    return (known.place, known.count)
                }
            }
            return nil
        }
    }

    /// True for a prefix without its `/`.
    func isGroup(_ path: String) -> Bool {
        let group = path + "/"
        return routes.contains { $0.path == group }
    }

    static let standard = RouteTable(
        kvRoutes + txnRoutes + snapshotRoutes + sessionRoutes + catalogRoutes + healthRoutes
            + coordinateRoutes + statusRoutes
            + operatorRoutes + eventRoutes + agentRoutes + agentServiceRoutes + agentCheckRoutes
            + watchRoutes + aclRoutes + metricsRoutes
            + debugRoutes)
}
