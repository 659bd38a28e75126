package import Primitives
package import Raft

/// The options of one run, without its seed.
package struct RunOptions: Sendable {
    /// 3, 5 or 7; nil to draw it.
    package var servers: Int?
    /// Servers in addition to them: non-voters at first, or outside of the group.
    package var spares = 1
    /// How many of the spares are non-voters; nil to draw it.
    package var nonvoters: Int?
    package var clients = 4
    /// The time of faults and load; then all is repaired and the end is awaited.
    package var milliseconds: Int64 = 500
    package var faults = FaultPlan.everything
    package var bugs: PlantedBugs = []
    package var lostPerMille: Int?
    /// Reads by the leader's lease, which trusts the clocks, among the others.
    package var readsByLease: Bool?
    /// Prints all events.
    package var isTraced = false

    package init() {}

    package init(_ faults: FaultPlan, bugs: PlantedBugs = []) {
        self.faults = faults
        self.bugs = bugs
    }

    /// Returns times a tenth of the usual, snapshots every few entries, few entries kept before
    /// them.
    package static func raft(
        _ bugs: PlantedBugs, trailing: UInt64, appendEntriesMax: Int
    ) -> RaftOptions {
        var options = RaftOptions()
        options.heartbeatTimeout = .milliseconds(60)
        options.electionTimeout = .milliseconds(60)
        options.leaseTimeout = .milliseconds(30)
        options.commitTimeout = .milliseconds(4)
        options.exchangeTimeout = .milliseconds(25)
        options.trailingLogs = trailing
        options.snapshotThreshold = 12
        options.snapshotInterval = .milliseconds(40)
        options.appendEntriesMax = appendEntriesMax
        #if PLANTED_BUGS
            options.plantedBugs = bugs
        #else
            precondition(bugs.isEmpty, "a release build makes no planted mistakes")
        #endif
        return options
    }
}

/// A violated rule. `description` ends with the line that repeats the run.
package struct Violation: Error, Sendable, CustomStringConvertible {
    package let rule: String
    package let detail: String
    package let seed: UInt64
    package let time: Instant

    package var description: String {
        """
        \(rule), at \(time): \(detail)
        SEED=\(seed) swift test --filter SimulationTests
        """
    }
}
