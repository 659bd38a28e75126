import Primitives

/// The bounds of the client's long-running parts.
enum Limits {
    /// The divisor of the TTL for renewals: two may fail before a third of the TTL is left.
    static let renewalsPerTTL: Int64 = 3
    /// The wait before a failed call is retried.
    static let retryWait = GoDuration.seconds(1)
    /// The first wait before a failed blocking read is retried.
    static let readBackOff = BackOff(.doubling, first: retryWait, max: .seconds(30))
    /// The timeout of a call that does not block.
    static let callTime = GoDuration.seconds(60)
    /// The wait of a blocking read for a lock, or of a held lock (Consul's own).
    static let lockWait = GoDuration.seconds(15)
    /// The time that a blocking read may take beyond its wait.
    static let lockWaitSlack = GoDuration.seconds(5)
    /// The wait before a free lock that lock-delay protects is tried again (Consul's own).
    static let lockDelayRetry = GoDuration.seconds(5)
    /// The timeout of each of the last requests of a program that ends.
    static let partingTime = GoDuration.seconds(5)
    /// Bytes of an archive of the servers' state: far beyond the memory of a server.
    static let archiveBytesMax = 4 << 30
    /// Bytes of one file of certificates.
    static let authorityBytesMax = 16 << 20
    /// Consecutive lost races for a semaphore's key, at its release.
    static let releaseRacesMax = 64
}
