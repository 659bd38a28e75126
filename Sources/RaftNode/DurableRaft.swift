package import Logging
internal import Platform
package import Raft

/// What a durable server finds in `raft` of its data directory when it starts.
package struct DurableRaft: @unchecked Sendable {
    package let log: SQLiteLogStore
    package let snapshots: SnapshotKeeper
    package let stored: StoredState

    /// Opens the log and the snapshots, and makes `machine` what the newest whole snapshot says.
    ///
    /// A file `peers.json` is obeyed first: the group becomes what it says, with all that the log
    /// holds, committed or not.
    ///
    /// - Parameters:
    ///   - directory: `raft` in the data directory.
    ///   - vfs: the log's file layer, by SQLite's name of it; nil is the system's.
    ///   - disk: that of the snapshots.
    /// - Throws: `RaftNodeError`, which names the file and place; the caller must not serve then.
    package static func open(
        directory: String, machine: any StateMachine, logger: Logger, vfs: String? = nil,
        disk: Disk = Disk()
    ) throws -> DurableRaft {
        let log = try SQLiteLogStore(directory: directory, vfs: vfs)
        let store = try SnapshotStore(directory: "\(directory)/snapshots", disk: disk)
        try PeersFile.writeInfo(directory: directory)
        var newest = try store.newest()
        for warning in store.takeWarnings() { logger.warning("raft: \(warning)") }
        if let meta = newest {
            let source = try store.open(meta)
            try machine.restore { try source.next() }
            logger.info(
                "raft: restored from snapshot",
                metadata: ["id": "\(meta.id)", "last-index": "\(meta.index)"])
        }
        // Also where the log is empty behind a snapshot that was installed.
        if log.outline.base > newest?.index ?? 0 {
            throw RaftNodeError.damaged(
                path: "\(directory)/snapshots", place: "the newest snapshot",
                reason: "the log begins at entry \(log.outline.base + 1), and no whole snapshot "
                    + "reaches that far")
        }
        if let peers = try PeersFile.read(directory: directory) {
            newest = try recover(peers, in: directory, log, store, newest, machine, logger)
            try PeersFile.remove(directory: directory)
        }
        return DurableRaft(
            log: log, snapshots: SnapshotKeeper(disk: store),
            stored: try stored(log, newest))
    }

    private static func stored(
        _ log: SQLiteLogStore, _ newest: SnapshotMeta?
    ) throws -> StoredState {
        do { return try StoredState(log: log, snapshot: newest) } catch {
            guard case .badConfiguration(let index)? = error as? RaftError else { throw error }
            throw SQLiteLogStore.damaged(log.path, index, "it is no configuration of a group")
        }
    }

    /// Takes in the whole log, and writes it down as a snapshot of the new group.
    private static func recover(
        _ peers: Configuration, in directory: String, _ log: SQLiteLogStore, _ store: SnapshotStore,
        _ newest: SnapshotMeta?, _ machine: any StateMachine, _ logger: Logger
    ) throws -> SnapshotMeta? {
        let (index, term) = (
            max(log.lastIndex, newest?.index ?? 0),
            log.lastIndex > 0 ? log.term(at: log.lastIndex) ?? 0 : newest?.term ?? 0
        )
        guard index > 0 else {
            throw RaftNodeError.badPeersFile(
                path: "\(directory)/peers.json",
                reason: "this server holds nothing to recover from")
        }
        var commands: [LogEntry] = []
        let first = max(log.firstIndex, (newest?.index ?? 0) + 1)
        if log.lastIndex >= first, log.lastIndex > 0 {
            try log.forEach(in: first...log.lastIndex) { entry in
                if entry.kind == .command { commands.append(entry) }
                if commands.count >= Int(Limits.entriesAppliedMax) {
                    try machine.apply(commands)
                    commands = []
                }
                return true
            }
            if !commands.isEmpty { try machine.apply(commands) }
        }
        let meta = SnapshotMeta(
            index: index, term: term, configuration: peers, configurationIndex: index)
        let written = try RaftDriver.write(
            machine.image(lastIndex: index), as: meta,
            SystemClock.unixNanoseconds() / 1_000_000, in: store)
        try log.reset(after: index)
        logger.warning(
            "raft: the group was set by peers.json",
            metadata: ["servers": "\(peers.servers.map(\.address).joined(separator: ","))"])
        return written
    }
}
