/// The bounds of the core's memory.
package enum Limits {
    /// Unanswered appends to one server; HashiCorp's pipeline has the same.
    package static let inflightMax = 128
    /// Unanswered heartbeats to one server that are remembered.
    package static let heartbeatsInflightMax = 8
    /// Bytes of data waiting to be committed: a leader without a quorum must not fill its memory.
    package static let uncommittedBytesMax = 64 << 20
    /// Entries waiting to be committed, for the same reason.
    package static let uncommittedEntriesMax = 65_536
    /// Reads waiting for a quorum to confirm the leader.
    package static let readsMax = 65_536
    /// The pause after failed exchanges doubles at most this many times.
    package static let backoffRoundsMax: Int64 = 7
}
