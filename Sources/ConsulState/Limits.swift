/// The bounds of the replicated state. They are part of the state machine: every server must have
/// the same ones.
package enum Limits {
    /// Deletions remembered, so that the index of a prefix does not go back. A deletion takes about
    /// 100 bytes; beyond the bound the older half is forgotten at once, so seldom that the spurious
    /// wake-ups do not matter.
    package static let tombstonesMax = 16_384

    /// Nodes listed where the prefix of an ID is ambiguous.
    package static let namedNodesMax = 10

    /// Consul's maximum: a lost lock cannot be taken again for at most one minute.
    package static let lockDelayNanosecondsMax = 60_000_000_000

    /// Keys that live as long as one other key: its deletion removes them all in one command, which
    /// takes some milliseconds with so many.
    package static let keysOnLeaseMax = 4_096

    /// Bytes of one chunk of a command too long for one entry, the same as HashiCorp's servers.
    package static let chunkBytes = 512 << 10
    /// Chunks of one command, so 512 MiB: no value that the HTTP API accepts comes near. Without a
    /// bound, an entry of a few bytes could reserve memory for a table of 2^32.
    package static let chunksMax = 1_024
    /// Incomplete cut commands at once. They all belong to one leader's term, which proposes no
    /// more.
    package static let cutCommandsMax = 1_024
    /// Records of a snapshot that have no table here yet, together: a large datacenter's tokens and
    /// intentions are a tenth of it.
    package static let foreignBytesMax = 256 << 20
    /// Bytes of one record of a snapshot: the chunks of cut commands are the largest.
    package static let snapshotRecordBytesMax = 1 << 30
}
