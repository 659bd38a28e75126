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
    /// Lamport time of the event.
    public var lTime: UInt64 = 0
    /// True for an event of the event log, which is delivered until its handlers are done.
    public var isReliable = false
    /// The key of a reliable event's large payload.
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
