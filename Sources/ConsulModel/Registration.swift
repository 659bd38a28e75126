public import Wire

/// Registers a node, and a service or checks on it: `PUT /v1/catalog/register`.
public struct RegisterRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var id = ""
    public var node = ""
    public var address = ""
    public var taggedAddresses: [String: String] = [:]
    public var nodeMeta: [String: String] = [:]
    public var service: NodeService?
    public var check: HealthCheck?
    public var checks: [HealthCheck] = []
    /// Keeps an existing node's address and metadata.
    public var skipNodeUpdate = false
    public var token = ""
    /// The node's indexes, in a snapshot.
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("ID", &id)
        try visit.field("Node", &node)
        try visit.field("Address", &address)
        try visit.field("TaggedAddresses", &taggedAddresses, .nullWhenEmpty)
        try visit.field("NodeMeta", &nodeMeta, .nullWhenEmpty)
        try visit.field("Service", &service)
        try visit.field("Check", &check)
        try visit.field("Checks", &checks, .nullWhenEmpty)
        try visit.field("SkipNodeUpdate", &skipNodeUpdate)
        try visit.field("Token", &token, .binaryOnly)
        try visit.field("CreateIndex", &raftIndex.createIndex, .binaryOnly)
        try visit.field("ModifyIndex", &raftIndex.modifyIndex, .binaryOnly)
    }
}

/// Deregisters a node, or one service or check on it: `PUT /v1/catalog/deregister`.
public struct DeregisterRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var node = ""
    public var serviceID = ""
    public var checkID = ""
    public var token = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Node", &node)
        try visit.field("ServiceID", &serviceID)
        try visit.field("CheckID", &checkID)
        try visit.field("Token", &token, .binaryOnly)
    }
}
