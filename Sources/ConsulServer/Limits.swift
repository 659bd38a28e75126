package import Primitives

/// Bounds the work of a server for its callers.
package enum Limits {
    /// Parked blocking queries, at about 700 bytes each.
    package static let waitersMax = 100_000
    /// Waiters handled in one turn of an event loop, so that other connections get their turn.
    static let wakesPerTurn = 512
    /// The largest batch of commands on keys that readers may wait for.
    static let briefBatchMax = 64
    /// The age at which tombstones are deleted, in steps of the second, as in Consul: a client that
    /// blocks on a prefix has asked again by then.
    static let tombstoneTime = GoDuration.seconds(15 * 60)
    static let tombstoneStep = GoDuration.seconds(30)
    /// The wait before a failed duty of the leader is retried.
    static let dutyRetry = GoDuration.seconds(1)
    /// The bounds of a key's TTL. A shorter one would end before a client sees the key.
    static let keyTTLMin = GoDuration.seconds(1)
    static let keyTTLMax = GoDuration.hours(24 * 366 * 10)
    /// Concurrent deletions of expired keys, so that they do not delay writes.
    static let keysExpiredAtOnce = 64
    /// The longest wait for the end of a key, because the wall clock may be set.
    static let expiryLookMax = GoDuration.seconds(60)
    /// Coordinates in one command, and gathered coordinates: Consul's own.
    static let coordinateBatch = 128
    static let coordinatesWaitingMax = 5 * coordinateBatch
    /// The bounds of a session's TTL: Consul's own.
    package static let sessionTTLMin = GoDuration.seconds(10)
    static let sessionTTLMax = GoDuration.hours(24)
    /// The wait before a failed expiry is retried doubles up to 64 `dutyRetry`.
    static let sessionExpiryDoublingsMax = 6
    /// Lock delays that are kept before expired ones are removed.
    static let lockDelaysSweptMin = 1_024
    /// Answered waiters that stay among the deadlines before they are removed.
    static let staleDeadlinesMin = 256
    /// The divisor of the random part that is added to a wait, so that clients do not return all at
    /// once (Consul's own).
    static let jitterDivisor: Int64 = 16
}
