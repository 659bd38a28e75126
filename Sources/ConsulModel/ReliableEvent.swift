public import Wire

/// A custom event that is kept until every target node has handled it: an entry of the event log,
/// `_event/log/ID` in the key/value store.
public struct ReliableEvent: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var payload = Bytes()
    /// The key of a payload that is too large for this entry.
    public var payloadKey = ""
    public var nodeFilter = ""
    public var serviceFilter = ""
    public var tagFilter = ""
    /// The target nodes: those of the catalog that matched the filters at the time of the event.
    public var nodes: [String] = []
    public var firedBy = ""
    public var firedAt = ""
    /// Seconds since 1970 at which the event is deleted, handled or not.
    public var expires = 0
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Name", &name)
        try visit.field("Payload", &payload, .nullWhenEmpty)
        try visit.field("PayloadKey", &payloadKey, .omitEmpty)
        try visit.field("NodeFilter", &nodeFilter)
        try visit.field("ServiceFilter", &serviceFilter)
        try visit.field("TagFilter", &tagFilter)
        try visit.field("Nodes", &nodes)
        try visit.field("FiredBy", &firedBy)
        try visit.field("FiredAt", &firedAt)
        try visit.field("Expires", &expires)
    }

    /// Returns the event in the form for handlers.
    /// - Parameter lTime: the index of its entry, which rises from event to event.
    public func userEvent(lTime: UInt64) -> UserEvent {
        var event = UserEvent()
        event.id = id
        event.name = name
        event.payload = payload
        event.nodeFilter = nodeFilter
        event.serviceFilter = serviceFilter
        event.tagFilter = tagFilter
        event.lTime = lTime
        event.isReliable = true
        event.payloadKey = payloadKey
        return event
    }
}

/// One node's acknowledgement of a reliable event: `_event/ack/ID/NODE`.
public struct EventAcknowledgement: Record, Hashable, Sendable {
    public enum State: String, Sendable {
        /// The node has no watch for the event.
        case seen
        /// The handlers of all its watches succeeded.
        case done
        /// A handler failed, and is not retried.
        case failed
        /// No acknowledgement yet; never written.
        case pending
    }

    public var node = ""
    public var state = State.pending.rawValue
    public var at = ""
    /// The result of each watch by its ID: `done` or `failed`.
    public var watches: [String: String] = [:]
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("State", &state)
        try visit.field("At", &at)
        try visit.field("Watches", &watches)
    }
}

/// A reliable event and its nodes' acknowledgements: `GET /v1/event/status/ID`.
public struct EventStatus: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var firedBy = ""
    public var firedAt = ""
    public var expires = 0
    public var pending = 0
    public var failed = 0
    /// The number of nodes that have handled it, or have no watch for it.
    public var done = 0
    /// Every target node, by name.
    public var nodes: [EventAcknowledgement] = []
    public init() {}

    public init(_ event: ReliableEvent, _ told: [EventAcknowledgement]) {
        id = event.id
        name = event.name
        firedBy = event.firedBy
        firedAt = event.firedAt
        expires = event.expires
        let known = Dictionary(told.map { ($0.node, $0) }) { first, _ in first }
        nodes = event.nodes.map { node in
            var silent = EventAcknowledgement()
            silent.node = node
            return known[node] ?? silent
        }
        pending = nodes.count { $0.state == EventAcknowledgement.State.pending.rawValue }
        failed = nodes.count { $0.state == EventAcknowledgement.State.failed.rawValue }
        done = nodes.count - pending - failed
    }

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Name", &name)
        try visit.field("FiredBy", &firedBy)
        try visit.field("FiredAt", &firedAt)
        try visit.field("Expires", &expires)
        try visit.field("Pending", &pending)
        try visit.field("Failed", &failed)
        try visit.field("Done", &done)
        try visit.field("Nodes", &nodes)
    }
}
