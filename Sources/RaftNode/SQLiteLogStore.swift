package import Raft

/// The log of a durable server, in one SQLite file `log.sqlite` with a journal next to it.
///
/// Every write is one transaction and one sync. All durable data is checked when the store opens
/// (`SQLiteLogStore+Start`), and each entry again when it is read. Reads come from the newest
/// entries in memory, older ones from the file.
///
/// After a write that failed for another reason than a full disk, the contents of the file are
/// unknown: the store then refuses everything, and the process must stop. A restart finds the write
/// whole or not at all.
package final class SQLiteLogStore: LogStore {
    package static let fileName = "log.sqlite"
    static let lockName = "lock"

    package let path: String
    let database: SQLiteDatabase
    private let lock: StoreLock
    private let hadLog: Bool
    /// True when the log existed, and the file with its newest write did not.
    var isUnconfirmed: Bool { hadLog && !lock.wasUsed }
    /// Set when the end of the log is missing, and a snapshot contains it: the term of its newest
    /// write.
    private(set) var lostTerm: Term?
    /// True when no log existed.
    var isNew: Bool { !hadLog }
    /// nil once it is closed.
    private var statements: Statements?
    var outline = LogOutline()
    var state = StateRow()
    private var row: [UInt8] = []
    private var failure: String?
    /// True while frames of a failed write, or of the last run, may be in the journal after its
    /// end.
    private var hasLeftovers = true

    struct Statements {
        let begin, commit, rollback, insert, select, truncate, compact, clear,
            state: SQLiteStatement

        init(_ database: SQLiteDatabase) throws(RaftNodeError) {
            begin = try database.prepare("BEGIN IMMEDIATE")
            commit = try database.prepare("COMMIT")
            rollback = try database.prepare("ROLLBACK")
            insert = try database.prepare("INSERT INTO log(idx, entry) VALUES(?1, ?2)")
            select = try database.prepare(
                "SELECT idx, entry FROM log WHERE idx >= ?1 AND idx <= ?2 ORDER BY idx")
            truncate = try database.prepare("DELETE FROM log WHERE idx >= ?1")
            compact = try database.prepare("DELETE FROM log WHERE idx <= ?1")
            clear = try database.prepare("DELETE FROM log")
            state = try database.prepare("REPLACE INTO state(id, value) VALUES(1, ?1)")
        }
    }

    /// Opens the store in a directory, which is created if it is missing, and checks all of it.
    ///
    /// - Parameters:
    ///   - directory: `raft` in the data directory.
    ///   - vfs: the name of SQLite's file layer; nil is the system's.
    ///   - disk: the operations on the other files.
    ///   - covered: returns the index up to which a snapshot holds all entries; called when the end
    ///     of the log is missing.
    /// - Throws: `locked` when another process has it open, `damaged` with file and location,
    ///   `lostEnd` when entries that no snapshot holds are missing.
    package init(
        directory: String, vfs: String? = nil, disk: Disk = Disk(),
        covered: () -> LogIndex = { 0 }
    ) throws(RaftNodeError) {
        path = "\(directory)/\(Self.fileName)"
        try disk.makeDirectory(directory)
        hadLog = Disk.exists(path)
        lock = try StoreLock("\(directory)/\(Self.lockName)", disk: disk)
        try Self.checkFiles(path, lock, disk)
        database = try SQLiteDatabase(path, vfs: vfs)
        try Self.setUp(database, wasUsed: lock.wasUsed)
        let statements = try Statements(database)
        self.statements = statements
        (state, outline) = try Self.checkRows(database)
        do { try Self.checkEnd(state, lock, path) } catch {
            guard let synced = lock.syncedBefore, synced.last <= covered() else { throw error }
            lostTerm = synced.term
        }
        // The journal exists from here on, so its absence at the next start is a loss.
        try transaction(state) { _ throws(RaftNodeError) in }
        try lock.mark(isOpen: true)
    }

    /// Copies the journal into the file, closes the store and releases the lock. A store that is
    /// not closed loses nothing.
    package func close() throws(RaftNodeError) {
        guard statements != nil else { return }
        defer {
            statements = nil
            database.close()
            lock.release()
        }
        if failure == nil {
            failure = "it was closed"
            try database.run("PRAGMA wal_checkpoint(FULL)")
            // Before the journal is emptied: an empty one of a store left open counts as a loss.
            try lock.mark(isOpen: false)
            try database.run("PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    // MARK: Reading

    package var firstIndex: LogIndex { outline.firstIndex }
    package var lastIndex: LogIndex { outline.lastIndex }
    package func term(at index: LogIndex) -> Term? { outline.term(at: index) }
    package func hardState() throws -> HardState { state.hardState }

    package func entries(
        _ range: ClosedRange<LogIndex>, bytesMax: Int
    ) throws -> [LogEntry] {
        if let cached = outline.cached(range, bytesMax: bytesMax) { return cached }
        var found: [LogEntry] = []
        found.reserveCapacity(min(range.count, 4_096))
        var bytes = 0
        try forEach(in: range) { entry in
            bytes += entry.data.count
            if bytes > bytesMax, !found.isEmpty { return false }
            found.append(entry)
            return true
        }
        return found
    }

    /// Calls `body` with the entries of a range in order, straight from the file, until it returns
    /// false: the quick way to replay a log.
    package func forEach(
        in range: ClosedRange<LogIndex>, _ body: (LogEntry) throws -> Bool
    ) throws {
        guard range.lowerBound > outline.base, range.upperBound <= outline.last else {
            throw RaftNodeError.failed(
                operation: "read", path: path,
                reason: "\(range) where the log is \(outline.base + 1)...\(outline.last)")
        }
        guard let select = statements?.select else {
            throw RaftNodeError.unusable(path: path, reason: "it was closed")
        }
        defer { select.reset() }
        select.bind(1, range.lowerBound)
        select.bind(2, range.upperBound)
        for index in range {
            guard try select.step() else {
                throw Self.damaged(path, index, "the row is missing")
            }
            let found = UInt64(bitPattern: select.integer(0))
            let row = select.blob(1)
            guard found == index else {
                throw Self.damaged(path, index, "the row is missing; found row \(found)")
            }
            if let fault = EntryRow.fault(in: row, index: index) {
                throw Self.damaged(path, index, fault)
            }
            if try !body(EntryRow.entry(row, index: index)) { return }
        }
    }

    static func damaged(_ path: String, _ index: LogIndex, _ reason: String) -> RaftNodeError {
        .damaged(path: path, location: "log entry \(index)", reason: reason)
    }

    // MARK: Writing

    package func write(
        hardState: HardState?, truncateFrom: LogIndex?, entries: [LogEntry]
    ) throws {
        if let gap = outline.gap(truncateFrom: truncateFrom, entries) {
            throw RaftNodeError.failed(operation: "write", path: path, reason: gap)
        }
        var next = state
        if let hardState { next.hardState = hardState }
        if let truncateFrom, truncateFrom <= next.last {
            next.last = truncateFrom - 1
            next.lastTerm = outline.term(at: next.last) ?? 0
        }
        // An empty log begins at the index of its first entry.
        if next.last == next.base, let first = entries.first { next.base = first.index - 1 }
        if let last = entries.last {
            next.last = last.index
            next.lastTerm = last.term
        }
        try transaction(next) { statements throws(RaftNodeError) in
            if let truncateFrom, truncateFrom <= outline.last {
                statements.truncate.bind(1, truncateFrom)
                try statements.truncate.run()
            }
            for entry in entries {
                EntryRow.write(entry, to: &row)
                statements.insert.bind(1, entry.index)
                try statements.insert.run(blob: row, at: 2)
            }
        }
        if let truncateFrom { outline.truncate(from: truncateFrom) }
        if outline.base != next.base { outline.restart(after: next.base) }
        for entry in entries { outline.append(entry) }
        if row.capacity > Limits.cachedBytesMax / 16 { row = [] }
    }

    package func compact(through index: LogIndex) throws {
        let index = min(index, outline.last)
        while outline.base < index {
            let step = min(index, outline.base + UInt64(Limits.compactionRowsMax))
            var next = state
            next.base = step
            if step == next.last { next.lastTerm = 0 }
            try transaction(next) { statements throws(RaftNodeError) in
                statements.compact.bind(1, step)
                try statements.compact.run()
            }
            outline.compact(through: step)
        }
    }

    package func reset(after index: LogIndex) throws {
        var next = state
        next.base = index
        next.last = index
        next.lastTerm = 0
        try transaction(next) { statements throws(RaftNodeError) in try statements.clear.run() }
        outline.restart(after: index)
    }

    /// Makes `body` and the state durable together, or neither.
    private func transaction(
        _ next: StateRow, _ body: (Statements) throws(RaftNodeError) -> Void
    ) throws(RaftNodeError) {
        if let failure { throw .unusable(path: path, reason: failure) }
        guard let statements else { throw .unusable(path: path, reason: "it was closed") }
        var next = next
        next.writes += 1
        do {
            try leaveLeftovers()
            try statements.begin.run()
            try body(statements)
            try statements.state.run(blob: next.bytes, at: 1)
            try statements.commit.run()
        } catch {
            if database.isInTransaction { try? statements.rollback.run() }
            // With the disk full nothing was written for certain.
            if case .diskFull = error, !database.isInTransaction {
                hasLeftovers = true
                throw error
            }
            failure = "\(error)"
            throw error
        }
        state = next
        lock.note(next.synced)
    }

    /// Restarts the journal before the next write. Frames that were left in it after its end would
    /// otherwise follow new frames, and look like a damaged part of the log (`WALCheck`).
    private func leaveLeftovers() throws(RaftNodeError) {
        guard hasLeftovers else { return }
        try database.run("PRAGMA wal_checkpoint(RESTART)")
        hasLeftovers = false
    }
}
