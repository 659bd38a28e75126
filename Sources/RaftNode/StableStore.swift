package import Raft

/// Where a server keeps its log and what it must remember: SQLite on a durable server, memory
/// under `-dev`, a simulated disk in tests.
///
/// One owner calls it, one call after another.
package protocol LogStore: AnyObject, LogReading {
    /// Read once, at start.
    func hardState() throws -> HardState

    /// Makes all of it durable, or none: the hard state if there is one, the entries at and above
    /// `truncateFrom` removed, then the entries added, which follow on the last one.
    ///
    /// When this returns it is synced. The caller gathers what waits into one call (group commit).
    func write(hardState: HardState?, truncateFrom: LogIndex?, entries: [LogEntry]) throws

    /// Removes the entries up to `index`, which a snapshot covers.
    func compact(through index: LogIndex) throws

    /// Removes all entries, and lets the log go on after `index`: a snapshot was installed.
    func reset(after index: LogIndex) throws
}
