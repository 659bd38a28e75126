/// A record lists its fields once; every format follows from that list (JSON, configuration, filter
/// selectors, equality by field).
///
///     public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
///         try visit.field("Key", &key)
///         try visit.field("Session", &session, .omitEmpty)
///         try visit.embed(&raftIndex)
///     }
///
/// Fields stand in the order in which Consul prints them. The record itself changes none: visitors
/// that write go over shared records where they stand.
public protocol Record: WireValue {
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws
    /// True when keys that it does not have are left out even by a reader that refuses them.
    static var takesUnknownKeys: Bool { get }
}

/// What is done with each field of a record. One implementation per format and purpose.
public protocol FieldVisitor {
    /// - Parameters:
    ///   - name: Consul's name on the wire, in camel case.
    ///   - rule: when the field is left out or written as null.
    mutating func field<T: WireValue>(_ name: StaticString, _ value: inout T, _ rule: FieldRule)
        throws

    /// The fields of `value` stand among those of the record around it, as Go embeds a struct.
    mutating func embed<R: Record>(_ value: inout R) throws
}

extension FieldVisitor {
    @inlinable
    public mutating func field<T: WireValue>(_ name: StaticString, _ value: inout T) throws {
        try field(name, &value, [])
    }

    @inlinable
    public mutating func embed<R: Record>(_ value: inout R) throws {
        try value.fields(&self)
    }
}

/// How a field is written when it is empty (Go's zero value), and whether it is written at all.
public struct FieldRule: OptionSet, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Left out when empty (`json:",omitempty"`).
    public static let omitEmpty = FieldRule(rawValue: 1)
    /// Written as `null` when empty: a nil slice or map in Go.
    public static let nullWhenEmpty = FieldRule(rawValue: 2)
    /// Understood when read, never written: an older spelling, or a singular beside a plural.
    public static let inputOnly = FieldRule(rawValue: 4)
    /// Left out of the HTTP API's answers when empty, but shown by Consul's own clients, and so in
    /// what a watch hands to its handler (`Session` of a key).
    public static let omitEmptyInAnswers = FieldRule(rawValue: 8)
    /// Stands in MessagePack, which servers speak among themselves, and in no text (`json:"-"`).
    public static let binaryOnly = FieldRule(rawValue: 16)
    /// Left out of every format when empty: a field that HashiCorp's records do not have, so that
    /// those without it are written byte for byte as they are there.
    public static let beyond = FieldRule(rawValue: 32)
}

extension Record {
    @inlinable public static var takesUnknownKeys: Bool { false }

    @inlinable
    public func encode<E: WireEncoder>(to encoder: inout E) { encoder.record(self) }

    @inlinable
    public mutating func encodeInPlace<E: WireEncoder>(to encoder: inout E) {
        encoder.recordInPlace(&self)
    }

    @inlinable
    public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        try decoder.record(&self)
    }

    /// Records are never empty: Go's `omitempty` does not reach structs.
    @inlinable public var isWireEmpty: Bool { false }
}
