internal import Primitives
internal import Wire

/// Builds a state from the stream that `StateSnapshot` or a HashiCorp server wrote. The stream
/// comes in pieces, cut anywhere; its records in any order. The running state is unchanged until
/// the whole stream was read.
package struct StateRestore: Sendable {
    private var store = StateStore()
    private var chunks = ChunkedCommands()
    /// Given to the tables after all records.
    private var indexes: [(name: String, value: UInt64)] = []
    private var lastIndex: UInt64?
    /// The unread end of the stream, and the offset at which it begins.
    private var pending: [UInt8] = []
    private var offset = 0

    package init() {}

    /// Reads the next piece of the stream.
    package mutating func receive(_ bytes: [UInt8]) throws(ConsulStateError) {
        if pending.isEmpty { pending = bytes } else { pending += bytes }
        let read = try readRecords(pending)
        offset += read
        pending = read == pending.count ? [] : Array(pending[read...])
        if pending.count > Limits.snapshotRecordBytesMax {
            throw .badSnapshot(offset: offset, reason: "a record of \(pending.count) bytes")
        }
    }

    /// Returns the state and the index of its last entry.
    package consuming func finish() throws(ConsulStateError) -> (machine: FSM, lastIndex: UInt64) {
        guard pending.isEmpty else {
            throw .badSnapshot(
                offset: offset, reason: "it ends inside a record of \(pending.count) bytes or more")
        }
        guard let lastIndex else { throw .badSnapshot(offset: 0, reason: "it is empty") }
        for (name, value) in indexes {
            var visitor = IndexRestorer(name: name, value: value)
            store.forEachTable(&visitor)
        }
        var finisher = RestoreFinisher(lastIndex: lastIndex)
        store.forEachTable(&finisher)
        var machine = FSM(store: store)
        machine.chunks = chunks
        return (machine, lastIndex)
    }

    /// Restores the whole records in some bytes.
    ///
    /// - Returns: the number of bytes of these records.
    private mutating func readRecords(_ bytes: [UInt8]) throws(ConsulStateError) -> Int {
        var restorer = RecordRestorer(bytes)
        while !restorer.record.reader.isAtEnd {
            let start = restorer.record.reader.offset
            do {
                try readRecord(&restorer)
            } catch let error as ConsulStateError {
                throw error
            } catch let error as MessagePackError {
                if error.isTruncated { return start }
                throw .badSnapshot(
                    offset: offset + start,
                    reason: "a record cannot be read: \(error.reason), "
                        + "\(error.offset - start) bytes into it")
            } catch {
                throw .badSnapshot(offset: offset + start, reason: "\(error)")
            }
        }
        return bytes.count
    }

    private mutating func readRecord(_ restorer: inout RecordRestorer) throws {
        guard lastIndex != nil else {
            lastIndex = try restorer.record.read(SnapshotHead.self).lastIndex
            return
        }
        let type = try restorer.record.reader.byte()
        switch type {
        case MessageType.index:
            let index = try restorer.record.read(IndexRecord.self)
            indexes.append((index.key, index.value))
        case MessageType.chunks: chunks = try ChunkedCommands(from: &restorer.record.reader)
        default:
            restorer.begin(type)
            try store.forEachTable(&restorer)
            guard restorer.isTaken else {
                throw SnapshotFault(description: "a record of the unknown type \(type)")
            }
        }
    }
}

/// Gives each record to the first table that has its type.
private struct RecordRestorer: TableVisitor {
    var record: SnapshotRecord
    private(set) var isTaken = false

    init(_ bytes: [UInt8]) { record = SnapshotRecord(bytes) }

    mutating func begin(_ type: UInt8) {
        record.type = type
        isTaken = false
    }

    mutating func visit<T: StateTable>(_ table: inout T) throws {
        guard !isTaken, T.recordTypes.contains(record.type) else { return }
        isTaken = true
        try table.restore(&record)
    }
}

/// Gives an index to the first table that has its name.
private struct IndexRestorer: TableVisitor {
    let name: String
    let value: UInt64
    private var isTaken = false

    init(name: String, value: UInt64) {
        self.name = name
        self.value = value
    }

    mutating func visit(_ table: inout some StateTable) throws(Never) {
        if !isTaken { isTaken = table.restoreIndex(name, value) }
    }
}

private struct RestoreFinisher: TableVisitor {
    let lastIndex: UInt64

    mutating func visit(_ table: inout some StateTable) throws(Never) {
        table.finishRestore(lastIndex: lastIndex)
    }
}
