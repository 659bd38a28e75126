internal import Primitives

/// The bounds of a server's storage, and why.
package enum Limits {
    /// Entries kept in memory beside the disk, for followers that are nearly up to date and for
    /// applying: as many as Consul keeps.
    static let cachedEntriesMax = 512
    /// Their data together: 512 entries of the largest size would be 256 MiB.
    static let cachedBytesMax = 16 << 20
    /// Entries removed in one transaction. Each is a sync, but other writes wait meanwhile.
    static let compactionRowsMax = 4_096
    /// Pages of the journal after which it is copied into the file, 8 MiB. More would make the copy
    /// a longer pause, fewer would copy hot pages more often.
    static let journalPages = 2_048
    /// Snapshots kept: the newest, and one more in case that turns out damaged.
    static let snapshotsKept = 2
    /// Bytes of a snapshot read or written at once.
    package static let snapshotPieceBytes = 256 << 10
    /// Bytes of a snapshot after which they are synced: one sync of all at the end would hold up
    /// the log's for as long.
    static let snapshotSyncBytes = 4 << 20
    /// The highest index or term that a file may name: SQLite has 63 bits, and there must be room
    /// to count on from it.
    static let indexMax: UInt64 = 1 << 62
    /// Of the files beside a snapshot's contents; a configuration has some dozen servers.
    static let metaBytesMax = 1 << 20
    /// Of a recovery file.
    static let peersBytesMax = 1 << 20
    /// Wishes that wait for the node: each is answered, some with "too many".
    static let proposalsWaitingMax = 16_384
    static let inputsWaitingMax = 65_536
    /// Entries read and given to the state machine at once: a replay holds no more in memory.
    static let entriesAppliedMax: UInt64 = 1_024
    static let bytesAppliedMax = 8 << 20
    /// Entries removed between two rounds of writing: a few milliseconds of disk.
    static let entriesCompactedAtOnce: UInt64 = 1_024
    /// How long the thread spins for a client that writes one thing after another: twice what such
    /// a client takes on one machine.
    static let spinWaitMax = GoDuration(nanoseconds: 200_000)
    /// Rounds that a thread drives before it gives its event loop a turn: connections of its own
    /// wait meanwhile where callers drive.
    static let roundsPerTurn = 64
    /// Slots of a list that is used again and again; a longer one is released when it is empty.
    static let listKeptMax = 4_096
    /// Problems that a look at a store names; beyond these it is clear that the store is lost.
    static let problemsMax = 100
    /// After a full disk.
    static let fullDiskRetry = GoDuration.seconds(1)
}
