/// A rarely set value in a separate allocation: one word when it is nil, however large its type is.
/// Every format treats it as an optional.
public struct Boxed<Value: WireValue & Hashable & Sendable>: Hashable, Sendable {
    @usableFromInline var storage: [Value]
    @inlinable public init(_ value: Value?) { storage = value.map { [$0] } ?? [] }

    @inlinable public var value: Value? {
        get { storage.first }
        set { storage = newValue.map { [$0] } ?? [] }
    }
}

extension Boxed: WireValue {
    @inlinable public init() { storage = [] }
    @inlinable public var isWireEmpty: Bool { storage.isEmpty }

    @inlinable
    public func encode<E: WireEncoder>(to encoder: inout E) {
        if let value = storage.first { value.encode(to: &encoder) } else { encoder.null() }
    }

    @inlinable
    public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        if try decoder.null() {
            storage = []
        } else {
            var value = Value()
            try value.decode(from: &decoder)
            storage = [value]
        }
    }
}
