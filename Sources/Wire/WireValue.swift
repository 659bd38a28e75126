public import Primitives

/// A value of a record's field. Its type determines how each format writes it.
public protocol WireValue {
    init()
    /// True for Go's zero value, which `omitEmpty` omits.
    var isWireEmpty: Bool { get }
    func encode<E: WireEncoder>(to encoder: inout E)
    /// Encodes in place, without a copy for the visitor of the fields. Does not change the value:
    /// other threads may be reading it.
    mutating func encodeInPlace<E: WireEncoder>(to encoder: inout E)
    /// Replaces the value by the next one in `decoder`. Null gives the empty value, as in Go.
    mutating func decode<D: WireDecoder>(from decoder: inout D) throws
}

/// Writes values in one format. Calls follow the order of the text: `beginMap`, then for each entry
/// `key` and a value, then `endMap`.
public protocol WireEncoder {
    mutating func null()
    mutating func bool(_ value: Bool)
    mutating func integer(_ value: Int64)
    mutating func unsigned(_ value: UInt64)
    mutating func double(_ value: Double)
    mutating func string(_ value: String)
    /// Base64 in JSON, raw in other formats.
    mutating func bytes(_ value: Bytes)
    /// Go's text form in JSON, nanoseconds in other formats.
    mutating func duration(_ value: GoDuration)
    /// RFC 3339 in JSON, Go's 15 bytes in MessagePack.
    mutating func timestamp(_ value: Timestamp)
    /// Writes an integer of data without a type (`JSONValue`): Go reads every number of such data
    /// as a float64.
    mutating func untyped(_ value: Int64)
    mutating func beginArray(count: Int)
    mutating func endArray()
    mutating func beginMap(count: Int)
    mutating func key(_ key: String)
    mutating func endMap()
    mutating func record<R: Record>(_ value: R)
    /// Writes a record in place. Does not change it.
    mutating func recordInPlace<R: Record>(_ value: inout R)
}

extension WireValue {
    @inlinable
    public mutating func encodeInPlace<E: WireEncoder>(to encoder: inout E) {
        encode(to: &encoder)
    }
}

extension WireEncoder {
    @inlinable public mutating func untyped(_ value: Int64) { integer(value) }

    @inlinable
    public mutating func recordInPlace<R: Record>(_ value: inout R) { record(value) }
}

/// The kind of the next value in a decoder.
public enum WireKind: Sendable {
    case null, bool, number, string, array, map
}

/// Reads values of one format, one after another. A value of an unexpected kind is an error of that
/// format, which names the position.
public protocol WireDecoder: FieldVisitor {
    mutating func nextKind() throws -> WireKind
    /// Consumes the next value if it is null, and returns whether it was.
    mutating func null() throws -> Bool
    mutating func bool() throws -> Bool
    mutating func integer() throws -> Int64
    mutating func unsigned() throws -> UInt64
    mutating func double() throws -> Double
    mutating func string() throws -> String
    mutating func bytes() throws -> Bytes
    /// Reads Go's text form or a number of nanoseconds.
    mutating func duration() throws -> GoDuration
    mutating func timestamp() throws -> Timestamp
    mutating func beginArray() throws
    /// Returns false at the end of the array, and consumes the end.
    mutating func nextElement() throws -> Bool
    mutating func beginMap() throws
    /// Returns the next key as written; nil at the end of the map, which it consumes.
    mutating func nextKey() throws -> String?
    /// Returns the next key of a record. Its text is made only for an unknown key.
    mutating func nextFieldKey() throws -> FoldedKey?
    /// The text of the key that `nextFieldKey` returned last, as written.
    var fieldKeyText: String { get }
    mutating func skip() throws
    /// Reads a record's fields in any order; missing ones stay unchanged.
    mutating func record<R: Record>(_ value: inout R) throws

    /// The key whose field is searched, and whether a field matched it. Set by `record`.
    var pendingKey: FoldedKey { get set }
    var pendingKeyTaken: Bool { get set }
    /// Skips or reports a key that no field of `record` matched.
    mutating func unknownKey<R: Record>(_ key: String, in record: R) throws
}

extension WireDecoder {
    @inlinable
    public mutating func record<R: Record>(_ value: inout R) throws {
        if try null() {
            value = R()
            return
        }
        let outer = (pendingKey, pendingKeyTaken)
        try beginMap()
        while let key = try nextFieldKey() {
            pendingKey = key
            pendingKeyTaken = false
            try value.fields(&self)
            if !pendingKeyTaken { try unknownKey(fieldKeyText, in: value) }
        }
        (pendingKey, pendingKeyTaken) = outer
    }

    @inlinable
    public mutating func field<T: WireValue>(
        _ name: StaticString, _ value: inout T, _ rule: FieldRule
    ) throws {
        guard !pendingKeyTaken, pendingKey.matches(name), !rule.contains(.binaryOnly) else {
            return
        }
        pendingKeyTaken = true
        try value.decode(from: &self)
        // A nested record has set its own keys; this one stays matched.
        pendingKeyTaken = true
    }
}

extension Bool: WireValue {
    @inlinable public var isWireEmpty: Bool { !self }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.bool(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? false : decoder.bool()
    }
}

extension Int: WireValue {
    @inlinable public var isWireEmpty: Bool { self == 0 }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.integer(Int64(self))
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? 0 : Int(decoder.integer())
    }
}

extension UInt64: WireValue {
    @inlinable public var isWireEmpty: Bool { self == 0 }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.unsigned(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? 0 : decoder.unsigned()
    }
}

extension Double: WireValue {
    @inlinable public var isWireEmpty: Bool { self == 0 }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.double(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? 0 : decoder.double()
    }
}

extension String: WireValue {
    @inlinable public var isWireEmpty: Bool { isEmpty }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.string(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? "" : decoder.string()
    }
}

extension GoDuration: WireValue {
    @inlinable public init() { self.init(nanoseconds: 0) }
    @inlinable public var isWireEmpty: Bool { nanoseconds == 0 }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.duration(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? .zero : decoder.duration()
    }
}

extension Array: WireValue where Element: WireValue {
    @inlinable public var isWireEmpty: Bool { isEmpty }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.beginArray(count: count)
        withUnsafeBufferPointer { elements in
            // Writes nothing back: `encodeInPlace` does not change its value.
            guard let start = UnsafeMutablePointer(mutating: elements.baseAddress) else { return }
            for index in 0..<elements.count { start[index].encodeInPlace(to: &encoder) }
        }
        encoder.endArray()
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        removeAll()
        if try decoder.null() { return }
        try decoder.beginArray()
        while try decoder.nextElement() {
            var element = Element()
            try element.decode(from: &decoder)
            append(element)
        }
    }
}

extension Dictionary: WireValue where Key == String, Value: WireValue {
    @inlinable public var isWireEmpty: Bool { isEmpty }
    @inlinable static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
    /// Keys are written in byte order, as Go's encoder sorts them.
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.beginMap(count: count)
        if count > 1 {
            for (key, value) in sorted(by: { Self.precedes($0.key, $1.key) }) {
                encoder.key(key)
                value.encode(to: &encoder)
            }
        } else if let (key, value) = first {
            encoder.key(key)
            value.encode(to: &encoder)
        }
        encoder.endMap()
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        removeAll()
        if try decoder.null() { return }
        try decoder.beginMap()
        while let key = try decoder.nextKey() {
            var value = Value()
            try value.decode(from: &decoder)
            self[key] = value
        }
    }
}

/// Nil is null, and omitted under `omitEmpty`, like a Go pointer.
extension Optional: WireValue where Wrapped: WireValue {
    @inlinable public init() { self = nil }
    @inlinable public var isWireEmpty: Bool { self == nil }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        if let self { self.encode(to: &encoder) } else { encoder.null() }
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        if try decoder.null() {
            self = nil
        } else {
            var value = Wrapped()
            try value.decode(from: &decoder)
            self = value
        }
    }
}
