public import Wire

/// The servers that replicate the log: `GET /v1/operator/raft/configuration`.
public struct RaftConfiguration: Record, Hashable, Sendable {
    public var servers: [RaftServer] = []
    /// The index of this configuration's entry in the log.
    public var index: UInt64 = 0
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Servers", &servers)
        try visit.field("Index", &index)
    }
}

public struct RaftServer: Record, Hashable, Sendable {
    public var id = ""
    /// The node's name, `(unknown)` when the catalog has none.
    public var node = ""
    public var address = ""
    public var isLeader = false
    public var protocolVersion = "3"
    public var isVoter = false
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Node", &node)
        try visit.field("Address", &address)
        try visit.field("Leader", &isLeader)
        try visit.field("ProtocolVersion", &protocolVersion)
        try visit.field("Voter", &isVoter)
    }
}

/// Removes a server by ID or by address: `DELETE /v1/operator/raft/peer`.
public struct RaftRemovePeerRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var address = ""
    public var id = ""
    public var token = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Address", &address)
        try visit.field("Datacenter", &datacenter)
        try visit.field("ID", &id)
        try visit.field("Token", &token, .binaryOnly)
    }
}
