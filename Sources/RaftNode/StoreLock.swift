internal import Glibc
internal import Platform
internal import Raft

/// The lock on a data directory, and the record of the last run: `open` while a store is open, so
/// that the next start recognises one that was not closed, and the newest synced write.
final class StoreLock {
    private var file: Int32
    private let path: String
    private let disk: Disk
    /// True when the store existed before.
    let wasUsed: Bool
    /// True when the last run did not close its store.
    let wasLeftOpen: Bool

    /// The newest write of former runs; nil where none is recorded.
    let syncedBefore: SyncedWrite?
    private var record: [UInt8] = []

    /// Takes the lock.
    ///
    /// - Parameter mayCreate: false for an inspection.
    init(
        _ path: String, mayCreate: Bool = true, disk: Disk = Disk()
    ) throws(RaftNodeError) {
        self.path = path
        self.disk = disk
        if let kind = Files.specialKind(path) {
            throw .failed(operation: "open", path: path, reason: "it is \(kind); remove it")
        }
        if mayCreate, !Disk.exists(path) { try disk.check("create", path) }
        let flags = O_RDWR | O_CLOEXEC | (mayCreate ? O_CREAT : 0)
        file = Glibc.open(path, flags, 0o600)
        guard file >= 0 else {
            let code = errno
            throw code == EACCES ? .readOnly(path: path) : Disk.error("open", path, code)
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            _ = Glibc.close(file)
            throw code == EWOULDBLOCK ? .locked(path: path) : Disk.error("lock", path, code)
        }
        var byte: UInt8 = 0
        wasUsed = pread(file, &byte, 1, 0) == 1
        wasLeftOpen = byte == UInt8(ascii: "o")
        var bytes = [UInt8](repeating: 0, count: SyncedWrite.count)
        let count = pread(file, &bytes, bytes.count, SyncedWrite.offset)
        syncedBefore = count == bytes.count ? SyncedWrite(bytes) : nil
    }

    deinit { release() }

    /// Releases the lock.
    func release() {
        if file >= 0 { _ = Glibc.close(file) }
        file = -1
    }

    func mark(isOpen: Bool) throws(RaftNodeError) {
        let text = Array((isOpen ? "open  \n" : "closed\n").utf8)
        try disk.check("write", path)
        guard pwrite(file, text, text.count, 0) == text.count, fsync(file) == 0 else {
            throw Disk.error("write", path, errno)
        }
    }

    /// Records a write that was synced, before it is acknowledged. This record itself is not
    /// synced: the system keeps it when the process is killed, and a power cut leaves an older one,
    /// which demands less of the log. So it costs no more than a system call, and never raises a
    /// false alarm. A failed record is ignored for the same reason.
    func note(_ write: SyncedWrite) {
        write.put(to: &record)
        _ = pwrite(file, record, record.count, SyncedWrite.offset)
    }
}

/// The newest write of a log that is durable, kept outside of the log's own files so that the loss
/// of their end is noticed.
struct SyncedWrite: Hashable, Sendable {
    /// The number of writes of the log; never falls, even when the log is truncated.
    var number: UInt64
    /// The log's last entry after it.
    var last: LogIndex
    var lastTerm: Term
    /// The server's own term, which may be higher than that of the last entry.
    var term: Term

    /// Within the first sector of the file: a disk writes it whole or not at all.
    static let offset: off_t = 64
    static let count = 4 + 8 * 4

    init(number: UInt64, last: LogIndex, lastTerm: Term, term: Term) {
        self.number = number
        self.last = last
        self.lastTerm = lastTerm
        self.term = term
    }

    /// Nil for bytes that are not a record.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.count else { return nil }
        var found = SyncedWrite(number: 0, last: 0, lastTerm: 0, term: 0)
        let isWhole = bytes.withUnsafeBytes { bytes in
            guard EntryRow.isSealed(bytes, number: 0) else { return false }
            found.number = EntryRow.number(bytes, 4, 8)
            found.last = EntryRow.number(bytes, 12, 8)
            found.lastTerm = EntryRow.number(bytes, 20, 8)
            found.term = EntryRow.number(bytes, 28, 8)
            return max(found.number, found.last, found.lastTerm, found.term) <= Limits.indexMax
        }
        guard isWhole else { return nil }
        self = found
    }

    func put(to record: inout [UInt8]) {
        record.removeAll(keepingCapacity: true)
        EntryRow.append(0, 4, to: &record)
        for field in [number, last, lastTerm, term] { EntryRow.append(field, 8, to: &record) }
        EntryRow.seal(&record, number: 0)
    }
}
