public import Wire

/// A custom event, as gossip carries it and the agent lists it.
public struct UserEvent: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var payload = Bytes()
    /// Regular expressions that a node, its services and their tags must match; empty is any.
    public var nodeFilter = ""
    public var serviceFilter = ""
    public var tagFilter = ""
    public var version = 1
    /// Lamport time at which it was fired.
    public var lTime: UInt64 = 0
    /// Out of the event log: it is handed over until its handlers are done with it.
    public var isReliable = false
    /// Of a reliable event with a large payload: the key where that lies.
    public var payloadKey = ""
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Name", &name)
        try visit.field("Payload", &payload, .nullWhenEmpty)
        try visit.field("NodeFilter", &nodeFilter)
        try visit.field("ServiceFilter", &serviceFilter)
        try visit.field("TagFilter", &tagFilter)
        try visit.field("Version", &version)
        try visit.field("LTime", &lTime)
        try visit.field("Reliable", &isReliable, .omitEmpty)
        try visit.field("PayloadKey", &payloadKey, .omitEmpty)
    }
}
