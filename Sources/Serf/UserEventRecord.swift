internal import Wire

/// A user event in gossip (type 3).
struct UserEventRecord: Record, Hashable, Sendable {
    var lTime: UInt64 = 0
    var name = ""
    var payload = Bytes()
    /// The receiver may combine it with later events of the same name.
    var coalesces = false
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("Name", &name)
        try visit.field("Payload", &payload)
        try visit.field("CC", &coalesces)
    }
}

/// The events of one Lamport time, in the state of a push/pull.
struct EventTimeRecord: Record, Hashable, Sendable {
    var lTime: UInt64 = 0
    var events: [NamedPayload] = []
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("Events", &events)
    }
}

/// An event without its time.
struct NamedPayload: Record, Hashable, Sendable {
    var name = ""
    var payload = Bytes()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Payload", &payload)
    }
}
