/// The bounds of the replicated state. They are part of the state machine: every server must have
/// the same ones.
package enum Limits {
    /// Deletions remembered, so that the index of a prefix does not go back. A deletion takes about
    /// 100 bytes; when there are more, the older half is forgotten at once, which happens so seldom
    /// that the waiters it may wake for nothing do not count.
    package static let tombstonesMax = 16_384

    /// Nodes listed where the beginning of an ID means several.
    package static let namedNodesMax = 10

    /// Consul's own: a lock that was lost is kept from others for a minute at most.
    package static let lockDelayNanosecondsMax = 60_000_000_000

    /// Keys that live as long as one other: its end deletes them all in one command, which takes
    /// some milliseconds with so many.
    package static let keysOnLeaseMax = 4_096

    /// Bytes of one piece of a command too long for one entry; HashiCorp's servers cut so too.
    package static let chunkBytes = 512 << 10
    /// Pieces of one command, so 512 MiB: no value that the HTTP API takes comes near. Without a
    /// bound, an entry of a few bytes could claim the room of a table of 2^32.
    package static let chunksMax = 1_024
    /// Cut commands under way at once. They are all of one leader's term, which proposes no more.
    package static let cutCommandsMax = 1_024
    /// Records of a snapshot that have no table here yet, together: a large datacenter's tokens and
    /// intentions are a tenth of it.
    package static let foreignBytesMax = 256 << 20
    /// One record of a snapshot: the pieces of cut commands are the largest.
    package static let snapshotRecordBytesMax = 1 << 30
}
