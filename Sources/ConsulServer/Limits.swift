package import Primitives

/// The bounds of a server's endpoints.
package enum Limits {
    /// Blocking queries parked at once, at about 700 bytes each.
    package static let waitersMax = 100_000
    /// Waiters looked at in one turn of an event loop, so that other connections get theirs.
    static let wakesPerTurn = 512
    /// Commands on keys that are carried out before anybody misses the state.
    static let briefBatchMax = 64
    /// Deletions are remembered for this long, in steps of the second, as Consul does: who blocks
    /// on a prefix has come back by then.
    static let tombstoneTime = GoDuration.seconds(15 * 60)
    static let tombstoneStep = GoDuration.seconds(30)
    /// Until a duty of the leader that failed is tried again.
    static let dutyRetry = GoDuration.seconds(1)
    /// The bounds of a key's TTL. A shorter one would end before a client sees the key.
    static let keyTTLMin = GoDuration.seconds(1)
    static let keyTTLMax = GoDuration.hours(24 * 366 * 10)
    /// Deletions of such keys under way at once, so that they do not crowd out writes.
    static let keysExpiredAtOnce = 64
    /// The wall clock may be set: no wait for a key's end is longer than this.
    static let expiryLookMax = GoDuration.seconds(60)
    /// Coordinates in one command, and those written at once: Consul's own.
    static let coordinateBatch = 128
    static let coordinatesWaitingMax = 5 * coordinateBatch
    /// The bounds of a session's TTL: Consul's own.
    package static let sessionTTLMin = GoDuration.seconds(10)
    static let sessionTTLMax = GoDuration.hours(24)
    /// The wait before an expiry that failed is tried again doubles up to 64 `dutyRetry`.
    static let sessionExpiryDoublingsMax = 6
    /// Lock delays that may lie about before those that are over are swept out.
    static let lockDelaysSweptMin = 1_024
    /// Answered waiters that may lie among the deadlines before they are swept out.
    static let staleDeadlinesMin = 256
    /// Part of a wait that is added by chance, so that clients do not come back all at once
    /// (Consul's own).
    static let jitterFraction: Int64 = 16
}
