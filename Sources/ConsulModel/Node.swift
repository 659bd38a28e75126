public import Wire

/// A machine in the catalog.
public struct Node: Record, Hashable, Sendable {
    public var id = ""
    public var node = ""
    public var address = ""
    public var datacenter = ""
    public var taggedAddresses: [String: String] = [:]
    public var meta: [String: String] = [:]
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Node", &node)
        try visit.field("Address", &address)
        try visit.field("Datacenter", &datacenter)
        try visit.field("TaggedAddresses", &taggedAddresses, .nullWhenEmpty)
        try visit.field("Meta", &meta, .nullWhenEmpty)
        try visit.embed(&raftIndex)
    }
}
