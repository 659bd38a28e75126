/// A record lists its fields once; every format follows from that list (JSON, configuration, filter
/// selectors, equality by field).
///
///     public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
///         try visit.field("Key", &key)
///         try visit.field("Session", &session, .omitEmpty)
///         try visit.embed(&raftIndex)
///     }
///
/// Fields have Consul's order of printing. `fields` itself changes nothing: visitors that write
/// visit shared records in place.
public protocol Record: WireValue {
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws
    /// True when unknown keys are skipped even by a reader that refuses them.
    static var takesUnknownKeys: Bool { get }
}

/// Visits each field of a record. One implementation per format and purpose.
public protocol FieldVisitor {
    /// - Parameters:
    ///   - name: Consul's name on the wire, in camel case.
    ///   - rule: the condition under which the field is omitted or written as null.
    mutating func field<T: WireValue>(_ name: StaticString, _ value: inout T, _ rule: FieldRule)
        throws

    /// Visits the fields of `value` among those of the outer record, as Go embeds a struct.
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

/// Rules for writing an empty field (Go's zero value), and for writing it at all.
public struct FieldRule: OptionSet, Sendable {
    public let rawValue: UInt8
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Omitted when empty (`json:",omitempty"`).
    public static let omitEmpty = FieldRule(rawValue: 1)
    /// Written as `null` when empty: a nil slice or map in Go.
    public static let nullWhenEmpty = FieldRule(rawValue: 2)
    /// Read but never written: an older spelling, or a singular beside a plural.
    public static let inputOnly = FieldRule(rawValue: 4)
    /// Omitted from the HTTP API's answers when empty, but shown by Consul's own clients, and so in
    /// the payload of a watch's handler (`Session` of a key).
    public static let omitEmptyInAnswers = FieldRule(rawValue: 8)
    /// Present in MessagePack, between servers, and in no text (`json:"-"`).
    public static let binaryOnly = FieldRule(rawValue: 16)
    /// Omitted from every format when empty: a field that HashiCorp's records do not have, so that
    /// records without it have the same bytes.
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
