package import Primitives

/// Times and measures of a server. The defaults are Consul's with `raft_multiplier` 1.
package struct RaftOptions: Sendable, Hashable {
    /// A follower that hears of no leader for one to two times this campaigns. A leader heartbeats
    /// every tenth to fifth of it.
    package var heartbeatTimeout = GoDuration.seconds(1)
    /// A campaign without result is repeated after one to two times this. A leader that has heard
    /// of no quorum for this long steps down. A server that heard of its leader within this, or has
    /// just started, does not vote.
    package var electionTimeout = GoDuration.seconds(1)
    /// How long after it asked a quorum, which answered, a leader reads without asking again. At
    /// most half of the lesser of the two timeouts, so that no clock's error matters.
    package var leaseTimeout = GoDuration.milliseconds(500)
    /// A new commit index is told to the followers after one to two times this, unless entries tell
    /// it before.
    package var commitTimeout = GoDuration.milliseconds(50)
    /// An exchange without answer is given up after this.
    package var exchangeTimeout = GoDuration.seconds(10)
    package var appendEntriesMax = 64
    /// Of data in one append; a single larger entry is still sent.
    package var appendBytesMax = 1 << 20
    /// Entries kept behind a snapshot, for followers that lag a little.
    package var trailingLogs: UInt64 = 10_240
    /// Entries applied since the last snapshot that make another worthwhile.
    package var snapshotThreshold: UInt64 = 16_384
    /// Whether that many have come is looked at every one to two times this.
    package var snapshotInterval = GoDuration.seconds(30)
    #if PLANTED_BUGS
        /// Mistakes that this server makes, to test that the simulation finds them.
        package var plantedBugs: PlantedBugs = []
    #endif

    package init() {}

    /// Consul's `performance.raft_multiplier`, 1...10: slower servers, longer times.
    package init(multiplier: Int64) {
        heartbeatTimeout = heartbeatTimeout * multiplier
        electionTimeout = electionTimeout * multiplier
        leaseTimeout = leaseTimeout * multiplier
    }
}
