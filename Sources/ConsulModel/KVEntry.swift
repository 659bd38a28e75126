public import Wire

/// A key, its value and the lock on it.
public struct KVEntry: Record, Hashable, Sendable {
    public var lockIndex: UInt64 = 0
    public var key = ""
    public var flags: UInt64 = 0
    public var value = Bytes()
    public var session = ""
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LockIndex", &lockIndex)
        try visit.field("Key", &key)
        try visit.field("Flags", &flags)
        try visit.field("Value", &value, .nullWhenEmpty)
        try visit.field("Session", &session, .omitEmptyInAnswers)
        try visit.embed(&raftIndex)
    }
}
