import Primitives

/// The bounds of the client's long-running parts.
enum Limits {
    /// A renewal may fail twice before a third of the TTL is left.
    static let renewalsPerTTL: Int64 = 3
    /// Until what failed is tried again.
    static let retryWait = GoDuration.seconds(1)
    /// The wait before a failed blocking read is put again.
    static let readBackOff = BackOff(.doubling, first: retryWait, max: .seconds(30))
    /// Any call that does not block.
    static let callTime = GoDuration.seconds(60)
    /// One blocking read while waiting for a lock, or watching over it (Consul's own).
    static let lockWait = GoDuration.seconds(15)
    /// What a blocking read may take beyond its wait.
    static let lockWaitSlack = GoDuration.seconds(5)
    /// Until a lock that nobody holds and that is refused all the same, by lock-delay, is tried
    /// again (Consul's own).
    static let lockDelayRetry = GoDuration.seconds(5)
    /// For each of the last requests of one who goes.
    static let partingTime = GoDuration.seconds(5)
    /// Of an archive of all that the servers hold: far beyond what a server's memory is good for.
    static let archiveBytesMax = 4 << 30
    /// Of one file of certificates.
    static let authorityBytesMax = 16 << 20
    /// Races lost in a row for a semaphore's key, at letting go.
    static let releaseRacesMax = 64
}
