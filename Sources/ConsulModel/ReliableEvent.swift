public import Wire

/// A custom event that is kept until every node that it is meant for has handled it: an entry of
/// the event log, `_event/log/ID` in the key/value store.
public struct ReliableEvent: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var payload = Bytes()
    /// Where the payload is, when it is too large to stand here.
    public var payloadKey = ""
    public var nodeFilter = ""
    public var serviceFilter = ""
    public var tagFilter = ""
    /// The nodes that it is meant for: those of the catalog at the time that matched the filters.
    public var nodes: [String] = []
    public var firedBy = ""
    public var firedAt = ""
    /// Seconds since 1970; then it is forgotten, handled or not.
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

    /// As the agent hands it over.
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

/// What one node has done about a reliable event: `_event/ack/ID/NODE`.
public struct EventAcknowledgement: Record, Hashable, Sendable {
    public enum State: String, Sendable {
        /// No watch of the node is for it.
        case seen
        /// The handlers of all watches for it succeeded.
        case done
        /// One failed, and is not tried again.
        case failed
        /// Nothing was heard yet; never written.
        case pending
    }

    public var node = ""
    public var state = State.pending.rawValue
    public var at = ""
    /// What became of it, by the watches' IDs: `done` or `failed`.
    public var watches: [String: String] = [:]
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("State", &state)
        try visit.field("At", &at)
        try visit.field("Watches", &watches)
    }
}

/// A reliable event and what the nodes have done about it: `GET /v1/event/status/ID`.
public struct EventStatus: Record, Hashable, Sendable {
    public var id = ""
    public var name = ""
    public var firedBy = ""
    public var firedAt = ""
    public var expires = 0
    public var pending = 0
    public var failed = 0
    /// Nodes that have handled it, or have no watch for it.
    public var done = 0
    /// Every node that it is meant for, by name.
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
