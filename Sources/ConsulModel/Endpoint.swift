/// A call that a server answers, by Consul's RPC name and with its types. Server, forwarding, HTTP
/// and tests all use these values.
public struct Endpoint<Request: Sendable, Response: Sendable>: Sendable {
    public enum Kind: Sendable { case read, write }

    public let method: RPCMethod
    public let kind: Kind

    public init(_ method: RPCMethod, _ kind: Kind) {
        self.method = method
        self.kind = kind
    }

    public var name: String { method.name }
}

extension Endpoint where Request == KVSRequest, Response == Bool {
    /// True when the write was done; false when a cas or lock did not apply.
    public static var kvsApply: Self { .init(.kvsApply, .write) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[KVEntry]> {
    /// The entry of one key, or none.
    public static var kvsGet: Self { .init(.kvsGet, .read) }
    /// All entries under a prefix, in byte order of their keys.
    public static var kvsList: Self { .init(.kvsList, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[String]> {
    public static var kvsListKeys: Self { .init(.kvsListKeys, .read) }
}

extension Endpoint where Request == RegisterRequest, Response == Bool {
    public static var catalogRegister: Self { .init(.catalogRegister, .write) }
}

extension Endpoint where Request == DeregisterRequest, Response == Bool {
    public static var catalogDeregister: Self { .init(.catalogDeregister, .write) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[Node]> {
    public static var catalogListNodes: Self { .init(.catalogListNodes, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[String: [String]]> {
    /// Every service's name with the union of its instances' tags.
    public static var catalogListServices: Self { .init(.catalogListServices, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[ServiceNode]> {
    public static var catalogServiceNodes: Self { .init(.catalogServiceNodes, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<NodeServices?> {
    public static var catalogNodeServices: Self { .init(.catalogNodeServices, .read) }
}

extension Endpoint where Request == NamedQuery, Response == [String] {
    public static var catalogListDatacenters: Self { .init(.catalogListDatacenters, .read) }
    public static var statusPeers: Self { .init(.statusPeers, .read) }
}

extension Endpoint where Request == NamedQuery, Response == String {
    public static var statusLeader: Self { .init(.statusLeader, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[CheckServiceNode]> {
    public static var healthServiceNodes: Self { .init(.healthServiceNodes, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[HealthCheck]> {
    public static var healthServiceChecks: Self { .init(.healthServiceChecks, .read) }
    public static var healthNodeChecks: Self { .init(.healthNodeChecks, .read) }
    /// The name is a state: `any`, `passing`, `warning` or `critical`.
    public static var healthChecksInState: Self { .init(.healthChecksInState, .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[NodeCoordinate]> {
    public static var coordinateListNodes: Self { .init(.coordinateListNodes, .read) }
    /// Those of one node; empty where none is known.
    public static var coordinateNode: Self { .init(.coordinateNode, .read) }
}

extension Endpoint where Request == NamedQuery, Response == [DatacenterCoordinates] {
    public static var coordinateListDatacenters: Self {
        .init(.coordinateListDatacenters, .read)
    }
}

extension Endpoint where Request == CoordinateUpdateRequest, Response == Bool {
    /// Done when the leader has it; it stands in the state some seconds later.
    public static var coordinateUpdate: Self { .init(.coordinateUpdate, .write) }
}

extension Endpoint where Request == NamedQuery, Response == RaftConfiguration {
    public static var operatorRaftConfiguration: Self {
        .init(.operatorRaftGetConfiguration, .read)
    }
}

extension Endpoint where Request == RaftRemovePeerRequest, Response == Bool {
    public static var operatorRaftRemovePeer: Self {
        .init(.operatorRaftRemovePeer, .write)
    }
}
