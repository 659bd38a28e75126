/// Raw bytes: base64 in JSON, verbatim in other formats.
public struct Bytes: Hashable, Sendable, WireValue, ExpressibleByStringLiteral {
    public var array: [UInt8]

    @inlinable public init() { array = [] }
    @inlinable public init(_ array: [UInt8]) { self.array = array }
    @inlinable public init(_ text: some StringProtocol) { array = Array(text.utf8) }
    @inlinable public init(stringLiteral text: String) { array = Array(text.utf8) }

    @inlinable public var count: Int { array.count }
    @inlinable public var isEmpty: Bool { array.isEmpty }
    /// The bytes as text; invalid UTF-8 becomes U+FFFD.
    @inlinable public var text: String { String(decoding: array, as: UTF8.self) }

    @inlinable public var isWireEmpty: Bool { array.isEmpty }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) { encoder.bytes(self) }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = try decoder.null() ? Bytes() : decoder.bytes()
    }
}
