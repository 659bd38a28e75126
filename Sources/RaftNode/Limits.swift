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
    /// Of the files beside a snapshot's contents; a configuration has some dozen servers.
    static let metaBytesMax = 1 << 20
    /// Of a recovery file.
    static let peersBytesMax = 1 << 20
}
