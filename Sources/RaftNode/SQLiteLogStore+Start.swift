internal import Glibc
internal import Platform
internal import Raft

extension SQLiteLogStore {
    /// Checks the files before SQLite opens them, which would create missing ones and drop wrong
    /// data.
    static func checkFiles(
        _ path: String, _ lock: StoreLock, _ disk: Disk = Disk()
    ) throws(RaftNodeError) {
        let journal = "\(path)-wal"
        try refuseSpecialFiles(path)
        guard Disk.exists(path) else {
            if lock.wasUsed || Disk.exists(journal) {
                throw .damaged(
                    path: path, location: "its name", reason: "the file is gone; the log was in it")
            }
            // SQLite would make the file readable for others.
            disk.close(try disk.create(path))
            return try disk.syncDirectory(Disk.parent(of: path))
        }
        if Disk.exists(journal) {
            var status = stat()
            let size = stat(journal, &status) == 0 ? Int(status.st_size) : 0
            if size == 0, !lock.wasLeftOpen { return }
            let bytes = try disk.readAll(journal, limit: max(size, 1))
            guard lock.wasLeftOpen else { return }
            if let fault = WALCheck.fault(in: bytes, path: journal) { throw fault }
        } else if lock.wasLeftOpen {
            throw .damaged(
                path: journal, location: "its name",
                reason: "the journal is gone, and the newest entries with it: the server that "
                    + "wrote it did not close its log")
        }
    }

    /// SQLite would wait for the other end of a FIFO.
    static func refuseSpecialFiles(_ path: String) throws(RaftNodeError) {
        for file in [path, "\(path)-wal"] {
            guard let kind = Files.specialKind(file) else { continue }
            throw .failed(operation: "open", path: file, reason: "it is \(kind); remove it")
        }
    }

    static func setUp(_ database: SQLiteDatabase, wasUsed: Bool) throws(RaftNodeError) {
        // Exclusive use of the file: no shared memory, and the lock is held until the process ends.
        try database.run("PRAGMA locking_mode = EXCLUSIVE")
        try database.run("PRAGMA cell_size_check = ON")
        try database.run("PRAGMA journal_mode = WAL")
        try database.run("PRAGMA synchronous = FULL")
        try database.run("PRAGMA wal_autocheckpoint = \(Limits.journalPages)")
        switch Int(try database.number("PRAGMA user_version")) {
        case 0 where wasUsed:
            throw .damaged(
                path: database.path, location: "byte 0",
                reason: "the file is empty; the log was in it")
        case 0:
            try database.run("BEGIN IMMEDIATE")
            try database.run("CREATE TABLE log(idx INTEGER PRIMARY KEY, entry BLOB NOT NULL)")
            try database.run("CREATE TABLE state(id INTEGER PRIMARY KEY, value BLOB NOT NULL)")
            let statement = try database.prepare("INSERT INTO state(id, value) VALUES(1, ?1)")
            try statement.run(blob: StateRow().bytes, at: 1)
            try database.run("PRAGMA user_version = \(StateRow.version)")
            try database.run("COMMIT")
        case 1: try upgrade(database)
        case StateRow.version: break
        case let version:
            throw .failed(
                operation: "open", path: database.path,
                reason: "it has version \(version), and this program knows 1 to "
                    + "\(StateRow.version): start the newer program that wrote it")
        }
    }

    /// Adds the count of writes to the state's row of a store of version 1.
    private static func upgrade(_ database: SQLiteDatabase) throws(RaftNodeError) {
        let select = try database.prepare("SELECT value FROM state WHERE id = 1")
        guard try select.step(), let state = StateRow(select.blob(0), version: 1) else {
            throw damagedState(database.path)
        }
        select.reset()
        try database.run("BEGIN IMMEDIATE")
        let replace = try database.prepare("REPLACE INTO state(id, value) VALUES(1, ?1)")
        try replace.run(blob: state.bytes, at: 1)
        try database.run("PRAGMA user_version = \(StateRow.version)")
        try database.run("COMMIT")
    }

    static func damagedState(_ path: String) -> RaftNodeError {
        .damaged(
            path: path, location: "the state's row", reason: "it is missing or its checksum wrong")
    }

    /// Compares the log with the newest synced write, which is recorded outside of its files: a
    /// truncated journal ends like a shorter one.
    static func checkEnd(
        _ state: StateRow, _ lock: StoreLock, _ path: String
    ) throws(RaftNodeError) {
        guard let synced = lock.syncedBefore, synced.number > state.writes else { return }
        let count = synced.number - state.writes
        var reason = "\(count == 1 ? "a write" : "\(count) writes") that had been synced "
        reason += count == 1 ? "is missing" : "are missing"
        if synced.last > state.last {
            reason += ": the log ends at entry \(state.last), and was written to \(synced.last)"
        }
        throw .lostEnd(path: lock.wasLeftOpen ? "\(path)-wal" : path, reason: reason)
    }

    /// Reads all rows, and checks that each is unchanged and none is missing.
    static func checkRows(
        _ database: SQLiteDatabase
    ) throws(RaftNodeError) -> (StateRow, LogOutline) {
        let path = database.path
        let select = try database.prepare("SELECT value FROM state WHERE id = 1")
        guard try select.step(), let state = StateRow(select.blob(0)) else {
            throw damagedState(path)
        }
        select.reset()
        var outline = LogOutline(base: state.base)
        let rows = try database.prepare("SELECT idx, entry FROM log ORDER BY idx")
        defer { rows.reset() }
        while try rows.step() {
            let index = UInt64(bitPattern: rows.integer(0))
            guard index == outline.last + 1, index <= state.last else {
                throw damaged(
                    path, min(index, outline.last + 1),
                    "found row \(index), expected row \(outline.last + 1) of \(state.last)")
            }
            let row = rows.blob(1)
            if let fault = EntryRow.fault(in: row, index: index) {
                throw damaged(path, index, fault)
            }
            let term = EntryRow.term(of: row)
            guard term >= outline.lastTerm else {
                throw damaged(path, index, "its term \(term) is below \(outline.lastTerm)")
            }
            outline.append(index, term)
        }
        guard outline.last == state.last, outline.lastTerm == state.lastTerm else {
            throw damaged(
                path, outline.last + 1, "the log ends before it, and was written to \(state.last)")
        }
        return (state, outline)
    }
}
