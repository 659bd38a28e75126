/// A call that a server answers, by Consul's RPC name and with its types. Server, forwarding, HTTP
/// and tests all use these values.
public struct Endpoint<Request: Sendable, Response: Sendable>: Sendable {
    public enum Kind: Sendable { case read, write }

    public let name: String
    public let kind: Kind

    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

extension Endpoint where Request == KVSRequest, Response == Bool {
    /// True when the write was done; false when a cas or lock did not apply.
    public static var kvsApply: Self { .init("KVS.Apply", .write) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[KVEntry]> {
    /// The entry of one key, or none.
    public static var kvsGet: Self { .init("KVS.Get", .read) }
    /// All entries under a prefix, in byte order of their keys.
    public static var kvsList: Self { .init("KVS.List", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[String]> {
    public static var kvsListKeys: Self { .init("KVS.ListKeys", .read) }
}

extension Endpoint where Request == RegisterRequest, Response == Bool {
    public static var catalogRegister: Self { .init("Catalog.Register", .write) }
}

extension Endpoint where Request == DeregisterRequest, Response == Bool {
    public static var catalogDeregister: Self { .init("Catalog.Deregister", .write) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[Node]> {
    public static var catalogListNodes: Self { .init("Catalog.ListNodes", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[String: [String]]> {
    /// Every service's name with the union of its instances' tags.
    public static var catalogListServices: Self { .init("Catalog.ListServices", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[ServiceNode]> {
    public static var catalogServiceNodes: Self { .init("Catalog.ServiceNodes", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<NodeServices?> {
    public static var catalogNodeServices: Self { .init("Catalog.NodeServices", .read) }
}

extension Endpoint where Request == NamedQuery, Response == [String] {
    public static var catalogListDatacenters: Self { .init("Catalog.ListDatacenters", .read) }
    public static var statusPeers: Self { .init("Status.Peers", .read) }
}

extension Endpoint where Request == NamedQuery, Response == String {
    public static var statusLeader: Self { .init("Status.Leader", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[CheckServiceNode]> {
    public static var healthServiceNodes: Self { .init("Health.ServiceNodes", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[HealthCheck]> {
    public static var healthServiceChecks: Self { .init("Health.ServiceChecks", .read) }
    public static var healthNodeChecks: Self { .init("Health.NodeChecks", .read) }
    /// The name is a state: `any`, `passing`, `warning` or `critical`.
    public static var healthChecksInState: Self { .init("Health.ChecksInState", .read) }
}

extension Endpoint where Request == NamedQuery, Response == Indexed<[NodeCoordinate]> {
    public static var coordinateListNodes: Self { .init("Coordinate.ListNodes", .read) }
    /// Those of one node; empty where none is known.
    public static var coordinateNode: Self { .init("Coordinate.Node", .read) }
}

extension Endpoint where Request == NamedQuery, Response == [DatacenterCoordinates] {
    public static var coordinateListDatacenters: Self {
        .init("Coordinate.ListDatacenters", .read)
    }
}

extension Endpoint where Request == CoordinateUpdateRequest, Response == Bool {
    /// Done when the leader has it; it stands in the state some seconds later.
    public static var coordinateUpdate: Self { .init("Coordinate.Update", .write) }
}

extension Endpoint where Request == NamedQuery, Response == RaftConfiguration {
    public static var operatorRaftConfiguration: Self {
        .init("Operator.RaftGetConfiguration", .read)
    }
}

extension Endpoint where Request == RaftRemovePeerRequest, Response == Bool {
    public static var operatorRaftRemovePeer: Self {
        .init("Operator.RaftRemovePeer", .write)
    }
}
