import ConsulModel
import HTTPTransport

/// The action of a route, in one of two forms.
enum RouteAction: Sendable {
    /// Runs on the event loop, and answers through `exchange.call` or the responder. Must not
    /// block.
    case direct(@Sendable (Exchange) throws(ConsulError) -> Void)
    /// Runs in a task: for the agent's own rare calls.
    case task(@Sendable (Exchange) async throws(ConsulError) -> HTTPResponse)
}

/// Binds a path to actions by method. A path has one of three forms:
///
/// - `/v1/status/leader` is that path alone.
/// - `/v1/kv/`, with a `/` at its end, is every path below it. The subject is the rest.
/// - `/v1/query/:id/execute` has a parameter in its middle, which is the subject: one or more
///   bytes, slashes among them, since an ID may have an escaped slash.
final class Route: Sendable {
    struct Method: Sendable {
        let name: String
        let access: RouteAccess
        let action: RouteAction
    }

    let path: String
    let methods: [Method]
    /// Precedes the subject; the whole path without one.
    let head: String
    /// Follows a parameter; empty in the other forms.
    let tail: String
    let hasSubject: Bool

    /// For routes whose endpoint declares the permission.
    convenience init(_ path: String, _ actions: (method: String, action: RouteAction)...) {
        self.init(path, actions)
    }

    convenience init(_ path: String, _ actions: [(method: String, action: RouteAction)]) {
        self.init(
            path,
            methods: actions.map { Method(name: $0.method, access: .endpoint, action: $0.action) })
    }

    /// For routes that the agent answers itself.
    convenience init(
        _ path: String, _ actions: (method: String, access: RouteAccess, action: RouteAction)...
    ) {
        self.init(
            path,
            methods: actions.map { Method(name: $0.method, access: $0.access, action: $0.action) })
    }

    private init(_ path: String, methods: [Method]) {
        self.path = path
        self.methods = methods
        let sides = path.split(separator: "/:", maxSplits: 1, omittingEmptySubsequences: false)
        if sides.count == 2 {
            let tail = sides[1].drop { $0 != "/" }
            precondition(
                tail.utf8.count > 1 && !tail.contains(":") && !tail.hasSuffix("/"),
                "the route \(path) must have one parameter, in its middle")
            head = sides[0] + "/"
            self.tail = String(tail)
        } else {
            head = path
            tail = ""
        }
        hasSubject = sides.count == 2 || path.hasSuffix("/")
    }

    /// The methods as the `Allow` header lists them.
    var allowed: String { (["OPTIONS"] + methods.map { $0.name }).joined(separator: ",") }

    func takes(_ method: String) -> Bool { methods.contains { $0.name == method } }

    /// The path of a request for this subject.
    func path(of subject: String) -> String { hasSubject ? head + subject + tail : path }
}
