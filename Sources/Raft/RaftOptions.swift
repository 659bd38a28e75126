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
    /// For tests of the tests alone: what is knowingly wrong with this server.
    package var plantedBugs: PlantedBugs = []

    package init() {}

    /// Consul's `performance.raft_multiplier`, 1...10: slower servers, longer times.
    package init(multiplier: Int64) {
        heartbeatTimeout = heartbeatTimeout * multiplier
        electionTimeout = electionTimeout * multiplier
        leaseTimeout = leaseTimeout * multiplier
    }
}

/// Known mistakes, to show that the simulation would find them. Test-only: nothing but tests may
/// set one.
package struct PlantedBugs: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The term is written down, the vote is not.
    package static let voteNotPersisted = PlantedBugs(rawValue: 1 << 0)
    /// Answers, votes and counts itself without waiting for the disk.
    package static let answersBeforeSync = PlantedBugs(rawValue: 1 << 1)
    /// Commits an entry of an earlier term because it is on a majority (paper, 5.4.2).
    package static let commitsOldTerms = PlantedBugs(rawValue: 1 << 2)
    /// Removes everything behind an append's entries, though they agree.
    package static let truncatesAgreeing = PlantedBugs(rawValue: 1 << 3)
    /// Begins a change of the group while another is open.
    package static let changesAtOnce = PlantedBugs(rawValue: 1 << 4)
    /// Reads by a lease that has run out, and does not step down.
    package static let readsAfterLease = PlantedBugs(rawValue: 1 << 5)
    /// Hands entries that the snapshot holds to the state machine again after a restart.
    package static let appliesTwice = PlantedBugs(rawValue: 1 << 6)
    /// Takes a torn record at the log's end for a whole one. Carried out by the disk.
    package static let keepsTornRecord = PlantedBugs(rawValue: 1 << 7)
    /// Reads before an entry of the leader's own term is committed.
    package static let readsBeforeOwnTerm = PlantedBugs(rawValue: 1 << 8)
    /// Votes for a candidate whose log lacks what this server has.
    package static let votesForShorterLog = PlantedBugs(rawValue: 1 << 9)
    /// Counts a non-voter's copy towards the majority.
    package static let countsNonvoters = PlantedBugs(rawValue: 1 << 10)
    /// Takes entries without looking whether the one before them agrees.
    package static let ignoresPreviousTerm = PlantedBugs(rawValue: 1 << 11)
    /// Answers a `quorum` read without asking the quorum.
    package static let readsWithoutQuorum = PlantedBugs(rawValue: 1 << 12)
    /// Counts the reply to any append as if the newest entry were meant.
    package static let countsNewestEntry = PlantedBugs(rawValue: 1 << 13)
}
