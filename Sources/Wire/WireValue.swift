public import Primitives

/// A value that can stand in a record's field. Its type says how each format writes it.
public protocol WireValue {
    init()
    /// Go's zero value: what `omitEmpty` leaves out.
    var isWireEmpty: Bool { get }
    func encode<E: WireEncoder>(to encoder: inout E)
    /// The same where the value stands, without a copy of it for the visitor of its fields. Leaves
    /// it as it is: others may be reading it.
    mutating func encodeInPlace<E: WireEncoder>(to encoder: inout E)
    /// Replaces the value by what stands next in `decoder`. A null gives the empty value, as in Go.
    mutating func decode<D: WireDecoder>(from decoder: inout D) throws
}

/// Writes values in one format. Calls come in the order of the text: `beginMap`, then for each
/// entry `key` and a value, then `endMap`.
public protocol WireEncoder {
    mutating func null()
    mutating func bool(_ value: Bool)
    mutating func integer(_ value: Int64)
    mutating func unsigned(_ value: UInt64)
    mutating func double(_ value: Double)
    mutating func string(_ value: String)
    /// Base64 in JSON, raw elsewhere.
    mutating func bytes(_ value: Bytes)
    /// Go's text form in JSON, nanoseconds elsewhere.
    mutating func duration(_ value: GoDuration)
    /// RFC 3339 in JSON, Go's 15 bytes in MessagePack.
    mutating func timestamp(_ value: Timestamp)
    /// A whole number in data without a type (`JSONValue`): where Go reads such data, every number
    /// is a float64.
    mutating func untyped(_ value: Int64)
    mutating func beginArray(count: Int)
    mutating func endArray()
    mutating func beginMap(count: Int)
    mutating func key(_ key: String)
    mutating func endMap()
    mutating func record<R: Record>(_ value: R)
    /// The same where the record stands. Leaves it as it is.
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

/// What stands next in a decoder.
public enum WireKind: Sendable {
    case null, bool, number, string, array, map
}

/// Reads values of one format, one after another. A value of another kind than asked for is an
/// error of that format, which names the place.
public protocol WireDecoder: FieldVisitor {
    mutating func nextKind() throws -> WireKind
    /// Consumes a null if one stands next.
    mutating func null() throws -> Bool
    mutating func bool() throws -> Bool
    mutating func integer() throws -> Int64
    mutating func unsigned() throws -> UInt64
    mutating func double() throws -> Double
    mutating func string() throws -> String
    mutating func bytes() throws -> Bytes
    /// Go's text form or a number of nanoseconds.
    mutating func duration() throws -> GoDuration
    mutating func timestamp() throws -> Timestamp
    mutating func beginArray() throws
    /// False when the array is over; its end is then consumed.
    mutating func nextElement() throws -> Bool
    mutating func beginMap() throws
    /// The next key as written; nil when the map is over; its end is then consumed.
    mutating func nextKey() throws -> String?
    /// The same for the key of a record's field, whose text only an unknown one needs.
    mutating func nextFieldKey() throws -> FoldedKey?
    /// The text of the key that `nextFieldKey` found last, as written.
    var fieldKeyText: String { get }
    mutating func skip() throws
    /// Reads a record's fields in any order; those that are not there stay as they are.
    mutating func record<R: Record>(_ value: inout R) throws

    /// The key whose field is being looked for, and whether one took it. Kept by `record`.
    var pendingKey: FoldedKey { get set }
    var pendingKeyTaken: Bool { get set }
    /// Called for a key that no field of `record` took. Skips the value, or reports it.
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
        // A nested record has kept keys of its own; this one stays taken.
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
            // Nothing is written: `encodeInPlace` leaves its value as it is.
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

/// Nil is null, and is left out under `omitEmpty`: a Go pointer.
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
