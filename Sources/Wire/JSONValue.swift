/// Any JSON value, for data without a type here: plugin settings, opaque configuration. Object keys
/// keep no order.
public indirect enum JSONValue: Hashable, Sendable, WireValue {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number beyond `Int64.max`.
    case unsigned(UInt64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init() { self = .null }

    @inlinable public var isWireEmpty: Bool { if case .null = self { true } else { false } }

    public func encode<E: WireEncoder>(to encoder: inout E) {
        switch self {
        case .null: encoder.null()
        case .bool(let value): encoder.bool(value)
        case .integer(let value): encoder.untyped(value)
        case .unsigned(let value): value.encode(to: &encoder)
        case .double(let value): encoder.double(value)
        case .string(let value): encoder.string(value)
        case .array(let value): value.encode(to: &encoder)
        case .object(let value): value.encode(to: &encoder)
        }
    }

    public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        switch try decoder.nextKind() {
        case .null:
            _ = try decoder.null()
            self = .null
        case .bool: self = .bool(try decoder.bool())
        case .number:
            var again = decoder
            let number = try decoder.double()
            if let integer = Int64(exactly: number) {
                self = .integer(integer)
            } else if number >= 0x1p63, number <= 0x1p64, let whole = try? again.unsigned() {
                self = .unsigned(whole)
            } else {
                self = .double(number)
            }
        case .string: self = .string(try decoder.string())
        case .array:
            var value: [JSONValue] = []
            try value.decode(from: &decoder)
            self = .array(value)
        case .map:
            var value: [String: JSONValue] = [:]
            try value.decode(from: &decoder)
            self = .object(value)
        }
    }

    public subscript(_ key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    public var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
}
