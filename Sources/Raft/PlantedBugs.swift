/// Names mistakes that a server may be told to make, so that a test can show that the simulation
/// finds them. The condition `PLANTED_BUGS` is set for debug builds alone (`Package.swift`): a
/// release has no way to set one, and the compiler removes what a mistake would do.
package struct PlantedBugs: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The term is written down, the vote is not. A server that has just started votes at once:
    /// its loyalty would hide the mistake.
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

extension RaftOptions {
    /// Whether this server makes the mistake.
    @inline(__always)
    func has(_ bug: PlantedBugs) -> Bool {
        #if PLANTED_BUGS
            plantedBugs.contains(bug)
        #else
            false
        #endif
    }
}
