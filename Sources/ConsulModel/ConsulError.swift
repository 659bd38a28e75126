/// The reason why a call failed. `ErrorMapping` alone turns the kind into an HTTP status.
public struct ConsulError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The request is invalid: 400.
        case badRequest
        /// The token has no permission: 403.
        case permissionDenied
        case notFound
        case tooLarge
        case tooManyRequests
        /// No server can answer now: 500, as in Consul.
        case noLeader
        /// The datacenter is not known: 500, as in Consul.
        case noPathToDatacenter
        /// The caller went away or the agent stops.
        case cancelled
        case `internal`
    }

    public var kind: Kind
    /// The text for the caller, Consul's own where it has one.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public static let permissionDenied = ConsulError(.permissionDenied, "Permission denied")
    public static let noLeader = ConsulError(.noLeader, "No cluster leader")
    public static let noPathToDatacenter = ConsulError(
        .noPathToDatacenter, "No path to datacenter")

    public var description: String { message }
}
