internal import CZlib
internal import Raft

/// The form of an entry and of the state in their rows: a CRC-32 over the row's number and all
/// later bytes, then fields of fixed size, lowest byte first, then those of variable size.
enum EntryRow {
    /// `crc32 | term u64 | kind u8 | extensions' length u32 | extensions | data`.
    static let headCount = 4 + 8 + 1 + 4

    static func write(_ entry: LogEntry, to row: inout [UInt8]) {
        row.removeAll(keepingCapacity: true)
        row.reserveCapacity(headCount + entry.extensions.count + entry.data.count)
        append(0, 4, to: &row)
        append(entry.term, 8, to: &row)
        row.append(entry.kind.rawValue)
        append(UInt64(entry.extensions.count), 4, to: &row)
        row += entry.extensions
        row += entry.data
        seal(&row, number: entry.index)
    }

    /// Returns the fault of a row, nil for a valid one, without a copy of it.
    static func fault(in row: UnsafeRawBufferPointer, index: UInt64) -> String? {
        guard row.count >= headCount else {
            return "\(row.count) bytes are too few for an entry"
        }
        guard isSealed(row, number: index) else { return "the checksum is wrong" }
        guard EntryKind(rawValue: row[12]) != nil else { return "the kind \(row[12]) is unknown" }
        guard number(row, 13, 4) <= UInt64(row.count - headCount) else {
            return "its extensions are longer than the row"
        }
        guard term(of: row) <= Limits.indexMax else { return "its term is out of range" }
        return nil
    }

    static func term(of row: UnsafeRawBufferPointer) -> Term { number(row, 4, 8) }

    /// Decodes a row without a fault.
    static func entry(_ row: UnsafeRawBufferPointer, index: UInt64) -> LogEntry {
        let extensionsEnd = headCount + Int(number(row, 13, 4))
        return LogEntry(
            index: index, term: term(of: row), kind: EntryKind(rawValue: row[12]) ?? .noop,
            data: Array(row[extensionsEnd...]),
            extensions: extensionsEnd == headCount ? [] : Array(row[headCount..<extensionsEnd]))
    }

    // MARK: Parts

    static func append(_ value: UInt64, _ count: Int, to row: inout [UInt8]) {
        for byte in 0..<count { row.append(UInt8(truncatingIfNeeded: value >> UInt64(byte * 8))) }
    }

    static func number(_ row: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> UInt64 {
        if count == 8 {
            return UInt64(littleEndian: row.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        return UInt64(
            UInt32(littleEndian: row.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    static func seal(_ row: inout [UInt8], number: UInt64) {
        let sum = row.withUnsafeBytes { checksum($0, number: number) }
        for byte in 0..<4 { row[byte] = UInt8(truncatingIfNeeded: sum >> UInt32(byte * 8)) }
    }

    static func isSealed(_ row: UnsafeRawBufferPointer, number: UInt64) -> Bool {
        Self.number(row, 0, 4) == UInt64(checksum(row, number: number))
    }

    /// Returns the checksum over the number and all but the first four bytes.
    private static func checksum(_ row: UnsafeRawBufferPointer, number: UInt64) -> UInt32 {
        let sum = withUnsafeBytes(of: number.littleEndian) { bytes in
            crc32(0, bytes.bindMemory(to: UInt8.self).baseAddress, 8)
        }
        let body = row[4...].withMemoryRebound(to: UInt8.self) { body in
            crc32(sum, body.baseAddress.map { $0 + 0 }, UInt32(body.count))
        }
        return UInt32(truncatingIfNeeded: body)
    }
}

/// The one row in addition to the log: the persistent state of the server, and the bounds of the
/// log, so that missing rows at either end are noticed.
struct StateRow: Equatable {
    var hardState = HardState()
    /// The index before the first entry: that of the last compacted one.
    var base: LogIndex = 0
    var last: LogIndex = 0
    var lastTerm: Term = 0
    /// The number of writes of the log, including this one.
    var writes: UInt64 = 0

    /// The layout that `bytes` has; that of 1 lacks `writes`.
    static let version = 2
    private static func headCount(_ version: Int) -> Int { 4 + 8 * (version == 1 ? 4 : 5) }

    var bytes: [UInt8] {
        var row: [UInt8] = []
        EntryRow.append(0, 4, to: &row)
        for number in [hardState.term, base, last, lastTerm, writes] {
            EntryRow.append(number, 8, to: &row)
        }
        row += hardState.vote.utf8
        EntryRow.seal(&row, number: 0)
        return row
    }

    init() {}

    var synced: SyncedWrite {
        SyncedWrite(number: writes, last: last, lastTerm: lastTerm, term: hardState.term)
    }

    /// Decodes a row; nil for one that is damaged, or counts beyond `Limits.indexMax`.
    init?(_ row: UnsafeRawBufferPointer, version: Int = Self.version) {
        let headCount = Self.headCount(version)
        guard row.count >= headCount, EntryRow.isSealed(row, number: 0) else { return nil }
        hardState.term = EntryRow.number(row, 4, 8)
        base = EntryRow.number(row, 12, 8)
        last = EntryRow.number(row, 20, 8)
        lastTerm = EntryRow.number(row, 28, 8)
        if version > 1 { writes = EntryRow.number(row, 36, 8) }
        hardState.vote = String(decoding: row[headCount...], as: UTF8.self)
        let numbers = [hardState.term, base, last, lastTerm, writes]
        guard numbers.allSatisfy({ $0 <= Limits.indexMax }), base <= last else { return nil }
    }
}
