/// The faults of a run, and their frequency. All are drawn from the run's seed.
package struct FaultPlan: Sendable {
    package enum Kind: Sendable, CaseIterable {
        /// A server loses power and comes back.
        case crash
        /// All of them at once.
        case blackout
        /// Loses power while a step's directives are carried out.
        case crashInStep
        /// The next elected leader, at that moment or soon after: it crashes, or is partitioned and
        /// all others are joined again.
        case trapNextLeader
        /// The group falls into two halves.
        case split
        /// The leader is alone.
        case isolateLeader
        /// One direction between two servers.
        case oneWay
        /// Random connections.
        case scatter
        case heal
        /// A clock leaps ahead.
        case clockJump
        case slowDisk
        case fullDisk
        /// One of the next operations of a disk fails.
        case failingDisk
        /// A disk that reports a sync without one. No protocol survives it: it shows that the
        /// checkers work.
        case lyingDisk
        /// One to three changes are requested at once.
        case changeGroup
        /// The same changes, and the group falls into two halves while they are on their way.
        case changeAndSplit
        case transfer
    }

    /// By weight.
    package var kinds: [(kind: Kind, weight: UInt64)]
    /// Between two faults, in milliseconds.
    package var pauseMin: Int64
    package var pauseMax: Int64

    package init(_ kinds: [(Kind, UInt64)], pauseMin: Int64 = 15, pauseMax: Int64 = 70) {
        self.kinds = kinds.map { ($0.0, $0.1) }
        self.pauseMin = pauseMin
        self.pauseMax = pauseMax
    }

    package static let calm = FaultPlan([])
    package static let crashes = FaultPlan([
        (.crash, 6), (.crashInStep, 6), (.blackout, 1), (.failingDisk, 2), (.fullDisk, 1),
        (.slowDisk, 1),
    ])
    package static let partitions = FaultPlan([
        (.split, 4), (.isolateLeader, 4), (.oneWay, 3), (.scatter, 2), (.heal, 5),
    ])
    package static let membership = FaultPlan([
        (.changeGroup, 6), (.changeAndSplit, 6), (.crash, 2), (.isolateLeader, 1), (.heal, 5),
        (.transfer, 1),
    ])
    package static let elections = FaultPlan(
        [
            (.transfer, 6), (.crash, 6), (.blackout, 2), (.isolateLeader, 2), (.oneWay, 2),
            (.heal, 4),
        ], pauseMin: 4, pauseMax: 20)
    /// Leaders come and go so fast that entries of old terms are left behind (paper, figure 8).
    package static let shortTerms = FaultPlan(
        [(.trapNextLeader, 8), (.isolateLeader, 2), (.crash, 1), (.heal, 1)], pauseMin: 10,
        pauseMax: 50)
    /// Writes that are late and lost early.
    package static let power = FaultPlan([
        (.slowDisk, 3), (.crash, 6), (.crashInStep, 2), (.blackout, 4),
    ])
    /// A leader that has not noticed that it no longer leads.
    package static let staleLeaders = FaultPlan(
        [(.transfer, 6), (.isolateLeader, 4), (.heal, 5)], pauseMin: 1, pauseMax: 12)
    package static let everything = FaultPlan([
        (.crash, 4), (.crashInStep, 4), (.trapNextLeader, 1), (.blackout, 1), (.split, 2),
        (.isolateLeader, 3),
        (.oneWay, 2), (.scatter, 1), (.heal, 6), (.clockJump, 2), (.slowDisk, 1), (.fullDisk, 1),
        (.failingDisk, 1), (.changeGroup, 4), (.changeAndSplit, 1),
        (.transfer, 2),
    ])
}
