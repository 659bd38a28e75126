public import Wire

/// The log indexes at which a record was created and last modified.
public struct RaftIndex: Record, Hashable, Sendable {
    public var createIndex: UInt64 = 0
    public var modifyIndex: UInt64 = 0
    public init() {}
    public init(create: UInt64, modify: UInt64) {
        createIndex = create
        modifyIndex = modify
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("CreateIndex", &createIndex)
        try visit.field("ModifyIndex", &modifyIndex)
    }
}
