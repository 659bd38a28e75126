internal import Primitives
internal import Wire

/// A table of the replicated state, as snapshots, restores and invariant checks use it. Commands,
/// reads and their regions are specific to each table.
///
/// `StateStore.forEachTable` is the list of all tables.
protocol StateTable: Sendable {
    /// The message types of its records in snapshots. `SnapshotOrder` defines the order of types.
    static var recordTypes: [UInt8] { get }

    /// Returns the records for a snapshot, a section for each type.
    func sections() -> [any SnapshotSection]

    /// Inserts a record whose type is in `recordTypes`, with the indexes that it carries. The
    /// records of a snapshot come in any order.
    mutating func restore(_ record: inout SnapshotRecord) throws

    /// Returns the table's indexes under the names that Consul's `index` table has for them. An
    /// index of 0 is not written.
    func indexes(in store: StateStore) -> [(name: String, value: UInt64)]

    /// Sets an index from a snapshot, after all records were restored.
    ///
    /// - Returns: false for the name of another table's index.
    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool

    /// Completes a restore, after all records and indexes.
    ///
    /// - Parameter lastIndex: of the last entry that the snapshot contains.
    mutating func finishRestore(lastIndex: UInt64)

    /// Stops the process, printing the fault, if the table violates an invariant. For tests.
    func checkInvariants(in store: StateStore)
}

extension StateTable {
    mutating func finishRestore(lastIndex: UInt64) {}
}

/// An operation on every table.
protocol TableVisitor {
    associatedtype Failure: Error
    mutating func visit(_ table: inout some StateTable) throws(Failure)
}

/// The records of one type in a snapshot while they are written.
protocol SnapshotSection: Sendable {
    var type: UInt8 { get }

    /// Writes at most one record.
    ///
    /// - Returns: false after the last.
    mutating func writeNext(to writer: inout MessagePackWriter) -> Bool
}

/// The records of a table whose rows are in one tree.
struct TreeSection<Row: Sendable, Body: WireValue>: SnapshotSection {
    let type: UInt8
    private var rows: RadixTree<Row>.Cursor
    private let body: @Sendable (Row) -> Body

    /// Creates the section.
    ///
    /// - Parameter body: makes the record of a row.
    init(_ type: UInt8, _ rows: RadixTree<Row>, _ body: @escaping @Sendable (Row) -> Body) {
        self.type = type
        self.rows = rows.cursor()
        self.body = body
    }

    mutating func writeNext(to writer: inout MessagePackWriter) -> Bool {
        guard let row = rows.next() else { return false }
        writer.put(type, body(row))
        return true
    }
}

extension MessagePackWriter {
    /// Writes a record of a snapshot.
    mutating func put(_ type: UInt8, _ record: some WireValue) {
        byte(type)
        record.encode(to: &self)
    }

    /// Writes the index of a table, unless the table was never written.
    mutating func putIndex(_ name: String, _ value: UInt64) {
        if value > 0 { put(MessageType.index, IndexRecord(key: name, value: value)) }
    }
}

/// A record of a snapshot that is being restored.
struct SnapshotRecord {
    var type: UInt8 = 0
    /// Positioned after the type.
    var reader: MessagePackReader
    /// The bytes that the reader reads.
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        reader = MessagePackReader(bytes)
    }

    mutating func read<R: Record>(_ type: R.Type) throws -> R {
        var record = R()
        try reader.record(&record)
        return record
    }

    /// Returns the bytes of the record, without its type.
    mutating func readBytes() throws -> [UInt8] {
        let start = reader.offset
        try reader.skip()
        return Array(bytes[start..<reader.offset])
    }
}

/// Describes why a record cannot be restored, as the end of a sentence.
struct SnapshotFault: Error, CustomStringConvertible {
    let description: String
}

/// The order of record types in a snapshot.
enum SnapshotOrder {
    /// Consul's order, with the types that no table here has.
    static let types: [UInt8] = [
        MessageType.register, MessageType.coordinates, MessageType.session, 4, 11, 17, 19, 23, 25,
        27, MessageType.kvs, MessageType.tombstone, 7, 9, 12, 13, 14, 15, 22, 30,
    ]

    /// Types of our own follow Consul's, in the order of the tables, before the indexes.
    static func slot(of type: UInt8) -> Int {
        if type == MessageType.index { return types.count + 1 }
        return types.firstIndex(of: type) ?? types.count
    }
}
