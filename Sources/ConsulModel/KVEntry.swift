public import Wire

/// A key, its value and the lock on it.
public struct KVEntry: Record, Hashable, Sendable {
    public var lockIndex: UInt64 = 0
    public var key = ""
    public var flags: UInt64 = 0
    public var value = Bytes()
    public var session = ""
    /// The time at which the key expires. Not in HashiCorp Consul, whose servers ignore it.
    public var expires = KVExpiry()
    /// The key together with which this one is deleted; empty for none. Not in HashiCorp Consul.
    public var lease = ""
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LockIndex", &lockIndex)
        try visit.field("Key", &key)
        try visit.field("Flags", &flags)
        try visit.field("Value", &value, .nullWhenEmpty)
        try visit.field("Session", &session, .omitEmptyInAnswers)
        try visit.field("Expires", &expires, .beyond)
        try visit.field("Lease", &lease, .beyond)
        try visit.embed(&raftIndex)
    }
}

/// A time by the leader's clock; zero for never.
public struct KVExpiry: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var unixNanoseconds: Int64
    public init(unixNanoseconds: Int64) { self.unixNanoseconds = unixNanoseconds }

    @inlinable public var isNever: Bool { unixNanoseconds == 0 }

    public var timestamp: Timestamp {
        let (seconds, rest) = unixNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Timestamp(unixSeconds: seconds, nanoseconds: Int32(rest))
    }

    public var description: String { isNever ? "never" : timestamp.description }

    @inlinable public static func < (a: KVExpiry, b: KVExpiry) -> Bool {
        a.unixNanoseconds < b.unixNanoseconds
    }
}

extension KVExpiry: WireValue {
    @inlinable public init() { unixNanoseconds = 0 }
    @inlinable public var isWireEmpty: Bool { isNever }

    @inlinable
    public func encode<E: WireEncoder>(to encoder: inout E) { encoder.timestamp(timestamp) }

    @inlinable
    public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        var moment = Timestamp()
        try moment.decode(from: &decoder)
        // A time after the year 2262 counts as never.
        let (product, isBeyond) = moment.unixSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        unixNanoseconds = isBeyond || product < 0 ? 0 : product &+ Int64(moment.nanoseconds)
    }
}
