internal import Primitives

/// The bounds of a server's storage, and their reasons.
package enum Limits {
    /// Entries cached in memory, for followers that are nearly up to date and for applying: the
    /// same number as Consul.
    static let cachedEntriesMax = 512
    /// Bytes of data of the cached entries: 512 entries of the largest size would be 256 MiB.
    static let cachedBytesMax = 16 << 20
    /// Entries removed in one transaction. Each is a sync, but other writes wait meanwhile.
    static let compactionRowsMax = 4_096
    /// Pages of the journal after which it is copied into the file, 8 MiB. More would make the copy
    /// a longer pause, fewer would copy frequently written pages more often.
    static let journalPages = 2_048
    /// Snapshots kept: the newest, and one more in case the newest is damaged.
    static let snapshotsKept = 2
    /// Bytes of a snapshot read or written at once.
    package static let snapshotPieceBytes = 256 << 10
    /// Bytes of a snapshot after which they are synced: a single sync at the end would delay the
    /// log's for as long.
    static let snapshotSyncBytes = 4 << 20
    /// The highest index or term that a file may name: SQLite has 63 bits, and there must be room
    /// to count on from it.
    static let indexMax: UInt64 = 1 << 62
    /// Bytes of the files next to a snapshot's contents; a configuration has some dozen servers.
    static let metaBytesMax = 1 << 20
    /// Bytes of a recovery file.
    static let peersBytesMax = 1 << 20
    /// Requests that wait for the node: each is answered, some with "too many".
    static let proposalsWaitingMax = 16_384
    static let inputsWaitingMax = 65_536
    /// Entries read and applied to the state machine at once: a replay holds no more in memory.
    static let entriesAppliedMax: UInt64 = 1_024
    static let bytesAppliedMax = 8 << 20
    /// Entries removed between two rounds of writing: a few milliseconds of disk.
    static let entriesCompactedAtOnce: UInt64 = 1_024
    /// The time for which the thread spins for a sequential client: twice as long as such a client
    /// takes on one machine.
    static let spinWaitMax = GoDuration(nanoseconds: 200_000)
    /// Rounds after which a driving thread returns to its event loop: the loop's own connections
    /// wait while callers drive.
    static let roundsPerTurn = 64
    /// Slots of a reused list; a longer one is released when it is empty.
    static let listKeptMax = 4_096
    /// Problems that an inspection of a store names; a store with more is lost anyway.
    static let problemsMax = 100
    /// The pause before the next attempt after a full disk.
    static let fullDiskRetry = GoDuration.seconds(1)
}
