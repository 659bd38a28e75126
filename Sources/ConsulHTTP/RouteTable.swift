import ConsulModel
import HTTPTransport
import NIOHTTP1

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

    init(_ path: String, _ actions: (method: String, action: RouteAction)...) {
        self.path = path
        self.actions = actions
    }

    /// As the `Allow` header lists them.
    var allowed: String { (["OPTIONS"] + actions.map { $0.method }).joined(separator: ",") }
}

/// All routes: one line each, in the files of their subjects.
struct RouteTable: Sendable {
    private let exact: [String: Route]
    /// Longest first.
    private let prefixes: [Route]

    init(_ routes: [Route]) {
        var exact: [String: Route] = [:]
        for route in routes where !route.path.hasSuffix("/") { exact[route.path] = route }
        self.exact = exact
        prefixes = routes.filter { $0.path.hasSuffix("/") }
            .sorted { $0.path.utf8.count > $1.path.utf8.count }
    }

    /// The route of a path, and the rest behind a prefix.
    func find(_ path: Substring) -> (route: Route, rest: Substring)? {
        if let route = exact[String(path)] { return (route, "") }
        for route in prefixes where path.utf8.starts(with: route.path.utf8) {
            let end = path.utf8.index(path.startIndex, offsetBy: route.path.utf8.count)
            return (route, path[end...])
        }
        return nil
    }

    /// True for a prefix without its `/`.
    func isGroup(_ path: String) -> Bool {
        let group = path + "/"
        return prefixes.contains { $0.path == group }
    }

    static let standard = RouteTable(
        kvRoutes + catalogRoutes + healthRoutes + statusRoutes + eventRoutes + agentRoutes
            + agentServiceRoutes + agentCheckRoutes + watchRoutes)
}
