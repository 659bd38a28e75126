public import Wire

/// A request of a call between the parts of a cluster. `route` on a server reads these members, and
/// nothing else of a request, to decide where the call is answered, and with the rights of which
/// token.
public protocol ClusterRequest: Sendable {
    /// The datacenter that answers; empty for the one of the server.
    var datacenter: String { get set }
    /// The secret of an ACL token; empty for the anonymous token.
    var token: String { get set }
    /// Which server may answer a read. Writes go to the leader.
    var consistency: QueryOptions.Consistency { get }
    /// The name that the call's `AccessRule` is about: a key, node, service or session.
    var subject: String { get }
}

extension ClusterRequest {
    public var consistency: QueryOptions.Consistency { .standard }
    public var subject: String { "" }
}

/// A request of a read, which may block until its subject changes.
public protocol ReadRequest: ClusterRequest, Record, Hashable {
    var options: QueryOptions { get set }
}

extension ReadRequest {
    public var datacenter: String {
        get { options.datacenter }
        set { options.datacenter = newValue }
    }
    public var token: String {
        get { options.token }
        set { options.token = newValue }
    }
    public var consistency: QueryOptions.Consistency { options.consistency }
}

/// The reply of a read that may block: the value under Consul's field name, and its `QueryMeta`.
public protocol IndexedReply: Record {
    associatedtype Value: Sendable
    var value: Value { get set }
    var meta: QueryMeta { get set }
}

extension IndexedReply {
    public init(_ value: Value, _ meta: QueryMeta) {
        self.init()
        self.value = value
        self.meta = meta
    }
}

/// The reply of a write: whether it was applied, for the calls whose callers learn it.
public protocol WriteReply: WireValue, Sendable {
    init(applied: Bool)
}

extension Bool: WriteReply {
    public init(applied: Bool) { self = applied }
}

/// A reply without content: an empty map on the wire.
public struct EmptyReply: Record, WriteReply, Hashable {
    public init() {}
    public init(applied: Bool) {}
    @inlinable public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {}
}
