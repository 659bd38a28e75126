/// A call that a server answers: its RPC name, the types of its request and reply, the permission
/// that it needs and the server that answers it. Server, forwarding, HTTP and tests all use these
/// values.
///
/// The codec follows from the types: requests and replies of RPC calls are records with Consul's
/// field names.
public struct Endpoint<Request: ClusterRequest, Response: Sendable>: Sendable {
    public let method: RPCMethod
    public let kind: CallKind
    public let access: AccessRule

    public init(_ method: RPCMethod, _ kind: CallKind, _ access: AccessRule) {
        self.method = method
        self.kind = kind
        self.access = access
    }

    public var name: String { method.name }
}

/// Which server answers a call.
public enum CallKind: Sendable {
    /// The leader; for `stale` any server.
    case read
    /// The leader.
    case write
    /// The server that receives it, leader or not.
    case local
}
