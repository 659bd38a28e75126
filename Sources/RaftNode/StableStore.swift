package import Raft

/// The store of a server's log and persistent state: SQLite on a durable server, memory under
/// `-dev`, a simulated disk in tests.
///
/// Its owner makes one call after another.
package protocol LogStore: AnyObject, LogReader {
    /// Returns the hard state. Called once, at start.
    func hardState() throws -> HardState

    /// Makes all of it durable, or none: the hard state if there is one, the entries at and above
    /// `truncateFrom` removed, then the entries added after the last one.
    ///
    /// When this returns it is synced. The caller gathers the pending writes into one call (group
    /// commit).
    func write(hardState: HardState?, truncateFrom: LogIndex?, entries: [LogEntry]) throws

    /// Removes the entries up to `index`, which a snapshot covers.
    func compact(through index: LogIndex) throws

    /// Removes all entries, and lets the log continue after `index`: a snapshot was installed.
    func reset(after index: LogIndex) throws
}

extension StoredState {
    /// Reads the contents of a store in addition to the log itself.
    package init(log: any LogStore, snapshot: SnapshotMeta?) throws {
        var found: [ConfigurationEntry] = []
        var next = log.firstIndex
        while next > 0, next <= log.lastIndex {
            let end = min(log.lastIndex, next + Limits.entriesAppliedMax - 1)
            let entries = try log.entries(next...end, bytesMax: Limits.bytesAppliedMax)
            for entry in entries where entry.kind == .configuration {
                guard let configuration = Configuration(encoded: entry.data) else {
                    throw RaftError.badConfiguration(entry.index)
                }
                found.append(ConfigurationEntry(index: entry.index, configuration: configuration))
            }
            guard let last = entries.last else { throw RaftError.unreadable(next) }
            next = last.index + 1
        }
        self.init(hardState: try log.hardState(), snapshot: snapshot, configurations: found)
    }
}
