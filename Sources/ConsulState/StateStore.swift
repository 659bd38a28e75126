/// The replicated state of one datacenter, as a value: a copy is a snapshot, and cheap.
package struct StateStore: Sendable {
    package internal(set) var kvs = KVTable()
    package internal(set) var catalog = Catalog()
    package internal(set) var sessions = SessionTable()
    package internal(set) var coordinates = CoordinateTable()
    private(set) var foreign = ForeignRecords()

    package init() {}

    /// Calls `body` with every table, in an order in which each is restored and written.
    mutating func forEachTable<V: TableVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.visit(&catalog)
        try visitor.visit(&coordinates)
        try visitor.visit(&sessions)
        try visitor.visit(&kvs)
        try visitor.visit(&foreign)  // the last: it takes all records that no other table has
    }

    /// Calls `body` with every table, for reading. Tables are copied, which costs nothing.
    func withEachTable<V: TableVisitor>(_ visitor: inout V) throws(V.Failure) {
        var copy = self
        try copy.forEachTable(&visitor)
    }
}

/// The result of a read, the index for a blocking query, and the region whose changes concern it.
package struct Reading<Value> {
    package var value: Value
    /// 0 when no such record was ever written; answers show 1 for it.
    package var index: UInt64
    package var region: Region
    /// True when a list is sorted by round-trip time, as requested.
    package var isByRoundTrip = false

    @inlinable
    package init(_ value: Value, _ index: UInt64, _ region: Region) {
        self.value = value
        self.index = index
        self.region = region
    }

    /// Returns this reading with another value.
    @inlinable
    package func with<Other>(_ other: Other) -> Reading<Other> {
        Reading<Other>(other, index, region)
    }
}

extension Reading: Sendable where Value: Sendable {}
