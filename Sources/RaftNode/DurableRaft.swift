package import Logging
internal import Platform
package import Raft

/// The contents of `raft` in the data directory of a durable server at its start.
package struct DurableRaft: @unchecked Sendable {
    package let log: SQLiteLogStore
    package let snapshots: SnapshotKeeper
    package let stored: StoredState

    /// Opens the log and the snapshots, and restores `machine` from the newest whole snapshot.
    ///
    /// Applies a file `peers.json` first: the group becomes the one in the file, with all entries
    /// of the log, committed or not.
    ///
    /// - Parameters:
    ///   - directory: `raft` in the data directory.
    ///   - vfs: the name of SQLite's file layer for the log; nil is the system's.
    ///   - disk: the operations on the other files.
    /// - Throws: `RaftNodeError`, which names the file, the location and the remedy; the caller
    ///   must not serve then.
    package static func open(
        directory: String, machine: any StateMachine, logger: Logger, vfs: String? = nil,
        disk: Disk = Disk()
    ) throws -> DurableRaft {
        do throws(RaftNodeError) {
            return try openAll(directory, machine, logger, vfs, disk)
        } catch {
            throw error.advising(of: directory)
        }
    }

    private static func openAll(
        _ directory: String, _ machine: any StateMachine, _ logger: Logger, _ vfs: String?,
        _ disk: Disk
    ) throws(RaftNodeError) -> DurableRaft {
        let folder = "\(directory)/snapshots"
        let log = try SQLiteLogStore(directory: directory, vfs: vfs, disk: disk) {
            let found = try? SnapshotStore(directory: folder, onlyLooks: true).newest()
            return found?.index ?? 0
        }
        if log.isUnconfirmed {
            logger.warning(
                "raft: the file lock is missing: nothing says whether the log is whole",
                metadata: ["last-index": "\(log.outline.last)"])
        }
        let store = try SnapshotStore(directory: folder, disk: disk)
        try PeersFile.writeInfo(directory: directory, disk)
        var newest = try store.newest()
        for warning in store.takeWarnings() { logger.warning("raft: \(warning)") }
        if let meta = newest {
            let source = try store.open(meta)
            try restore(machine, from: source, directory)
            logger.info(
                "raft: restored from snapshot",
                metadata: ["id": "\(meta.id)", "last-index": "\(meta.index)"])
        }
        // Also where the log is empty behind a snapshot that was installed.
        if log.outline.base > newest?.index ?? 0 {
            throw RaftNodeError.damaged(
                path: folder, location: "the newest snapshot",
                reason: "the log begins at entry \(log.outline.base + 1), and no whole snapshot "
                    + "reaches that far")
        }
        try reconcile(log, with: newest, logger)
        if let peers = try PeersFile.read(directory: directory) {
            newest = try recover(peers, in: directory, log, store, newest, machine, logger)
            try PeersFile.remove(directory: directory, disk)
        }
        return DurableRaft(
            log: log, snapshots: SnapshotKeeper(disk: store),
            stored: try stored(log, newest))
    }

    private static func stored(
        _ log: SQLiteLogStore, _ newest: SnapshotMeta?
    ) throws(RaftNodeError) -> StoredState {
        do { return try StoredState(log: log, snapshot: newest) } catch {
            switch error as? RaftError {
            case .badConfiguration(let index)?:
                throw SQLiteLogStore.damaged(log.path, index, "it is no configuration of a group")
            default: throw RaftNodeError(error, "read", log.path)
            }
        }
    }

    private static func restore(
        _ machine: any StateMachine, from source: SnapshotSource, _ directory: String
    ) throws(RaftNodeError) {
        do { try machine.restore { try source.next() } } catch {
            throw RaftNodeError(error, "restore", "\(directory)/snapshots/\(source.meta.id)")
        }
    }

    /// Empties the log so that it continues after the snapshot, where it ends before the snapshot
    /// or contradicts it. The snapshot is newer then: a restore or an installation was interrupted
    /// before it could empty the log, or the log was removed.
    private static func reconcile(
        _ log: SQLiteLogStore, with newest: SnapshotMeta?, _ logger: Logger
    ) throws(RaftNodeError) {
        guard let newest else { return }
        let (base, last) = (log.outline.base, log.outline.last)
        do {
            if base != newest.index, log.term(at: newest.index) != newest.term {
                try log.reset(after: newest.index)
                logger.warning(
                    log.isNew
                        ? "raft: there is no log, and the entries after the snapshot are lost"
                        : "raft: the log was older than the snapshot, and continues after it",
                    metadata: ["last-index": "\(last)", "snapshot": "\(newest.id)"])
            }
            let term = max(newest.term, log.outline.lastTerm, log.lostTerm ?? 0)
            if log.state.hardState.term < term || log.lostTerm != nil {
                // A vote in that term may be lost, so this server votes in a later one.
                try log.write(
                    hardState: HardState(term: term + 1), truncateFrom: nil, entries: [])
            }
        } catch {
            throw RaftNodeError(error, "write", log.path)
        }
    }

    /// Applies the whole log, and writes the state down as a snapshot of the new group.
    private static func recover(
        _ peers: Configuration, in directory: String, _ log: SQLiteLogStore, _ store: SnapshotStore,
        _ newest: SnapshotMeta?, _ machine: any StateMachine, _ logger: Logger
    ) throws(RaftNodeError) -> SnapshotMeta? {
        let (index, term) = (
            max(log.lastIndex, newest?.index ?? 0),
            log.lastIndex > 0 ? log.term(at: log.lastIndex) ?? 0 : newest?.term ?? 0
        )
        guard index > 0 else {
            throw RaftNodeError.badPeersFile(
                path: "\(directory)/peers.json",
                reason: "this server holds nothing to recover from")
        }
        do { try replay(log, after: newest?.index ?? 0, into: machine) } catch {
            throw RaftNodeError(error, "replay", log.path)
        }
        let meta = SnapshotMeta(
            index: index, term: term, configuration: peers, configurationIndex: index)
        let written: SnapshotMeta
        do {
            written = try RaftDriver.write(
                machine.image(lastIndex: index), as: meta,
                SystemClock.unixNanoseconds() / 1_000_000, in: store)
            try log.reset(after: index)
        } catch {
            throw RaftNodeError(error, "write", directory)
        }
        logger.warning(
            "raft: the group was set by peers.json",
            metadata: ["servers": "\(peers.servers.map(\.address).joined(separator: ","))"])
        return written
    }

    private static func replay(
        _ log: SQLiteLogStore, after index: LogIndex, into machine: any StateMachine
    ) throws {
        var commands: [LogEntry] = []
        let first = max(log.firstIndex, index + 1)
        if log.lastIndex >= first, log.lastIndex > 0 {
            try log.forEach(in: first...log.lastIndex) { entry in
                if entry.kind == .command { commands.append(entry) }
                if commands.count >= Int(Limits.entriesAppliedMax) {
                    try machine.apply(CommittedBatch(commands))
                    commands = []
                }
                return true
            }
            if !commands.isEmpty { try machine.apply(CommittedBatch(commands)) }
        }
    }
}
