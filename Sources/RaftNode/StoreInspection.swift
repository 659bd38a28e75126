package import Raft

/// The contents of a server's store, read while no server has it open. Changes nothing there.
package struct StoreInspection: Sendable {
    package var hardState = HardState()
    /// 0 and 0 for a log without entries.
    package var firstIndex: LogIndex = 0
    package var lastIndex: LogIndex = 0
    package var lastTerm: Term = 0
    /// The newest configuration, committed or not, in the log or a snapshot; and its entry.
    package var configuration = Configuration()
    package var configurationIndex: LogIndex = 0
    /// The whole ones, newest first.
    package var snapshots: [SnapshotMeta] = []
    /// Damaged or missing data, with file and location; the first `Limits.problemsMax`.
    package var problems: [RaftNodeError] = []
    /// The actions of the next start for a store that no server closed properly.
    package var notes: [String] = []
    /// True when a recovery file waits for the next start.
    package var hasPeersFile = false
    package init() {}

    /// Reads all of a store.
    ///
    /// - Parameters:
    ///   - directory: `raft` in the data directory.
    ///   - see: receives each whole entry of the log, in order.
    /// - Throws: `locked` while a server runs on it, `failed` where there is no store. Damage is no
    ///   error: it is in `problems`.
    package static func look(
        directory: String, _ see: (LogEntry) -> Void
    ) throws(RaftNodeError) -> StoreInspection {
        let path = "\(directory)/\(SQLiteLogStore.fileName)"
        let lockPath = "\(directory)/lock"
        let snapshots = "\(directory)/snapshots"
        guard Disk.exists(path) || Disk.exists(lockPath) || Disk.exists(snapshots) else {
            throw .failed(
                operation: "open", path: path, reason: "no such file: no server kept a log here")
        }
        var found = StoreInspection()
        let lock = Disk.exists(lockPath) ? try StoreLock(lockPath, mayCreate: false) : nil
        let base = found.lookAtLog(path, lock, see)
        found.lookAtSnapshots(snapshots, base)
        do {
            found.hasPeersFile = try PeersFile.read(directory: directory) != nil
        } catch {
            found.note(error)
        }
        return found
    }

    private mutating func note(_ problem: RaftNodeError) {
        if problems.count < Limits.problemsMax { problems.append(problem) }
    }

    // MARK: The log

    /// Reads the log.
    ///
    /// - Returns: the index before the log's first entry; nil when it is unknown.
    private mutating func lookAtLog(
        _ path: String, _ lock: StoreLock?, _ see: (LogEntry) -> Void
    ) -> LogIndex? {
        guard Disk.exists(path) else {
            note(.damaged(path: path, location: "its name", reason: "the file is gone"))
            return nil
        }
        do throws(RaftNodeError) {
            try SQLiteLogStore.refuseSpecialFiles(path)
        } catch {
            note(error)
            return nil
        }
        do throws(RaftNodeError) {
            if let lock { try SQLiteLogStore.checkFiles(path, lock) }
        } catch {
            note(error)
        }
        // Without the journal SQLite would make one, and a loss would look like an end.
        guard Disk.exists("\(path)-wal") else { return nil }
        do throws(RaftNodeError) {
            // No other process has it open: the lock is held here. Without locks of its own, SQLite
            // reads the journal of a file that it may not write.
            let database = try SQLiteDatabase(path, readOnly: true, vfs: "unix-none")
            try database.run("PRAGMA locking_mode = EXCLUSIVE")
            try database.run("PRAGMA cell_size_check = ON")
            let version = Int(try database.number("PRAGMA user_version"))
            guard version != 0 else {
                throw .damaged(path: path, location: "byte 0", reason: "the file is empty")
            }
            return try lookAtRows(database, version, lock, see)
        } catch {
            note(error)
            return nil
        }
    }

    private mutating func lookAtRows(
        _ database: SQLiteDatabase, _ version: Int, _ lock: StoreLock?,
        _ see: (LogEntry) -> Void
    ) throws(RaftNodeError) -> LogIndex? {
        let path = database.path
        let select = try database.prepare("SELECT value FROM state WHERE id = 1")
        let state = try select.step() ? StateRow(select.blob(0), version: version) : nil
        select.reset()
        if let state {
            hardState = state.hardState
            if let lock {
                do { try SQLiteLogStore.checkEnd(state, lock, path) } catch { note(error) }
            }
        } else {
            note(SQLiteLogStore.damagedState(path))
        }
        let rows = try database.prepare("SELECT idx, entry FROM log ORDER BY idx")
        defer { rows.reset() }
        var due = state.map { $0.base + 1 }
        while try rows.step() {
            let index = UInt64(bitPattern: rows.integer(0))
            if let due, index != due {
                let reason = "found row \(index), expected row \(due)"
                note(SQLiteLogStore.damaged(path, min(index, due), reason))
            }
            due = index &+ 1
            if firstIndex == 0 { firstIndex = index }
            lastIndex = index
            let row = rows.blob(1)
            if let fault = EntryRow.fault(in: row, index: index) {
                note(SQLiteLogStore.damaged(path, index, fault))
                continue
            }
            take(EntryRow.entry(row, index: index), path)
            see(EntryRow.entry(row, index: index))
        }
        if let state, let due, due != state.last + 1 {
            let reason = "the log ends before it, and was written to \(state.last)"
            note(SQLiteLogStore.damaged(path, due, reason))
        }
        return state?.base
    }

    private mutating func take(_ entry: LogEntry, _ path: String) {
        if entry.term < lastTerm {
            let reason = "its term \(entry.term) is below \(lastTerm)"
            note(SQLiteLogStore.damaged(path, entry.index, reason))
        }
        lastTerm = entry.term
        guard entry.kind == .configuration else { return }
        if let found = Configuration(encoded: entry.data) {
            (configuration, configurationIndex) = (found, entry.index)
        } else {
            note(SQLiteLogStore.damaged(path, entry.index, "it is no configuration of a group"))
        }
    }

    // MARK: The snapshots

    private mutating func lookAtSnapshots(_ directory: String, _ base: LogIndex?) {
        do throws(RaftNodeError) {
            for result in try SnapshotStore(directory: directory, onlyLooks: true).examine() {
                do { snapshots.append(try result.get()) } catch { note(error) }
            }
        } catch {
            note(error)
        }
        snapshots.sort { ($0.term, $0.index, $0.id) > ($1.term, $1.index, $1.id) }
        let newest = snapshots.first
        if let newest, newest.configurationIndex > configurationIndex {
            (configuration, configurationIndex) = (newest.configuration, newest.configurationIndex)
        }
        if let newest, problems.isEmpty, max(lastIndex, base ?? 0) < newest.index {
            notes.append(
                "the log ends at entry \(max(lastIndex, base ?? 0)), before the newest snapshot: "
                    + "the next start continues after entry \(newest.index)")
        }
        if let base, base > newest?.index ?? 0 {
            note(
                .damaged(
                    path: directory, location: "the newest snapshot",
                    reason: "the log begins at entry \(base + 1), and no whole snapshot reaches "
                        + "that far"))
        }
    }
}
