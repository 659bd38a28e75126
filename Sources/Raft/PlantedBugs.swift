/// Names mistakes that a server can be set to make, so that a test can show that the simulation
/// finds them. The condition `PLANTED_BUGS` is set for debug builds alone (`Package.swift`): a
/// release has no way to set one, and the compiler removes the code of the mistakes.
package struct PlantedBugs: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Persists the term without the vote. A server that has just started votes at once: its
    /// loyalty would hide the mistake.
    package static let voteNotPersisted = PlantedBugs(rawValue: 1 << 0)
    /// Answers, votes and counts itself without waiting for the disk.
    package static let answersBeforeSync = PlantedBugs(rawValue: 1 << 1)
    /// Commits an entry of an earlier term because it is on a majority (paper, 5.4.2).
    package static let commitsOldTerms = PlantedBugs(rawValue: 1 << 2)
    /// Removes everything after an append's entries, although it agrees.
    package static let truncatesAgreeing = PlantedBugs(rawValue: 1 << 3)
    /// Begins a change of the group while another is open.
    package static let changesAtOnce = PlantedBugs(rawValue: 1 << 4)
    /// Reads under an expired lease, and does not step down.
    package static let readsAfterLease = PlantedBugs(rawValue: 1 << 5)
    /// Applies entries that the snapshot contains again after a restart.
    package static let appliesTwice = PlantedBugs(rawValue: 1 << 6)
    /// Accepts a torn record at the log's end as a whole one. Implemented by the disk.
    package static let keepsTornRecord = PlantedBugs(rawValue: 1 << 7)
    /// Reads before an entry of the leader's own term is committed.
    package static let readsBeforeOwnTerm = PlantedBugs(rawValue: 1 << 8)
    /// Votes for a candidate whose log lacks entries that this server has.
    package static let votesForShorterLog = PlantedBugs(rawValue: 1 << 9)
    /// Counts a non-voter's copy towards the majority.
    package static let countsNonvoters = PlantedBugs(rawValue: 1 << 10)
    /// Accepts entries without checking that the one before them agrees.
    package static let ignoresPreviousTerm = PlantedBugs(rawValue: 1 << 11)
    /// Answers a `quorum` read without a round to the quorum.
    package static let readsWithoutQuorum = PlantedBugs(rawValue: 1 << 12)
    /// Counts the reply to any append as if it confirmed the newest entry.
    package static let countsNewestEntry = PlantedBugs(rawValue: 1 << 13)
}

extension RaftOptions {
    /// Returns whether this server makes the mistake.
    @inline(__always)
    func has(_ bug: PlantedBugs) -> Bool {
        #if PLANTED_BUGS
            plantedBugs.contains(bug)
        #else
            false
        #endif
    }
}
