public import ConsulModel

/// The answer to a read, with its index and age.
public struct Indexed<Value: Sendable>: Sendable {
    public var value: Value
    public var meta: QueryMeta
    public init(_ value: Value, _ meta: QueryMeta) {
        self.value = value
        self.meta = meta
    }
}

extension Indexed: Equatable where Value: Equatable {}
