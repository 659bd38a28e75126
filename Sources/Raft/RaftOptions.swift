package import Primitives

/// The timeouts and sizes of a server. The defaults are Consul's with `raft_multiplier` 1.
package struct RaftOptions: Sendable, Hashable {
    /// A follower that hears from no leader for one to two times this campaigns. A leader sends
    /// heartbeats every tenth to fifth of it.
    package var heartbeatTimeout = GoDuration.seconds(1)
    /// A campaign without result is repeated after one to two times this. A leader that has heard
    /// from no quorum for this long steps down. A server that heard from its leader within this, or
    /// has just started, does not vote.
    package var electionTimeout = GoDuration.seconds(1)
    /// The time for which a leader serves reads after it sent a round that a quorum answered. At
    /// most half of the lesser of the two timeouts, so that no clock's error matters.
    package var leaseTimeout = GoDuration.milliseconds(500)
    /// A new commit index is sent to the followers after one to two times this, unless entries
    /// carry it before.
    package var commitTimeout = GoDuration.milliseconds(50)
    /// An exchange without answer times out after this.
    package var exchangeTimeout = GoDuration.seconds(10)
    package var appendEntriesMax = 64
    /// Bytes of data in one append; a single larger entry is still sent.
    package var appendBytesMax = 1 << 20
    /// Entries kept before a snapshot's index, for followers that lag a little.
    package var trailingLogs: UInt64 = 10_240
    /// The number of entries since the last snapshot that triggers another.
    package var snapshotThreshold: UInt64 = 16_384
    /// That number is checked every one to two times this.
    package var snapshotInterval = GoDuration.seconds(30)
    #if PLANTED_BUGS
        /// Mistakes that this server makes, to test that the simulation finds them.
        package var plantedBugs: PlantedBugs = []
    #endif

    package init() {}

    /// Scales the timeouts by Consul's `performance.raft_multiplier`, 1...10: slower servers,
    /// longer times.
    package init(multiplier: Int64) {
        heartbeatTimeout = heartbeatTimeout * multiplier
        electionTimeout = electionTimeout * multiplier
        leaseTimeout = leaseTimeout * multiplier
    }
}
