import Raft
import SimulationKit
import Testing

/// Checks that the simulation finds known faults. One known mistake at a time is planted in every
/// server; some seed of the first few hundred must show it.
@Suite struct PlantedBugTests {
    #if PLANTED_BUGS  // debug builds alone
        struct Case: Sendable, CustomTestStringConvertible {
            let name: String
            let bug: PlantedBugs
            var faults = FaultPlan.everything
            var readsByLease: Bool?
            var servers: Int?
            var spares = 1
            var nonvoters: Int?
            var clients = 4
            var milliseconds: Int64 = 500
            var testDescription: String { name }
        }

        static let cases = [
            Case(
                name: "vote not persisted", bug: .voteNotPersisted, faults: .elections, servers: 5),
            Case(name: "answers before sync", bug: .answersBeforeSync, faults: .power),
            Case(
                name: "commits old terms by counting", bug: .commitsOldTerms, faults: .shortTerms,
                servers: 3, clients: 8, milliseconds: 1500),
            Case(name: "truncates agreeing entries", bug: .truncatesAgreeing),
            Case(
                name: "two changes at once", bug: .changesAtOnce, faults: .membership, servers: 3,
                spares: 2),
            Case(
                name: "reads after the lease", bug: .readsAfterLease, faults: .partitions,
                readsByLease: true, clients: 10),
            Case(name: "applies twice after a restart", bug: .appliesTwice, faults: .crashes),
            Case(name: "keeps a torn record", bug: .keepsTornRecord, faults: .crashes),
            Case(name: "reads before its own term", bug: .readsBeforeOwnTerm),
            Case(name: "votes for a shorter log", bug: .votesForShorterLog),
            Case(
                name: "counts non-voters", bug: .countsNonvoters, faults: .partitions, servers: 3,
                spares: 2, nonvoters: 2),
            Case(name: "ignores the previous term", bug: .ignoresPreviousTerm, faults: .partitions),
            Case(
                name: "reads without a quorum", bug: .readsWithoutQuorum, faults: .staleLeaders,
                clients: 10),
            Case(name: "counts the newest entry", bug: .countsNewestEntry, faults: .partitions),
        ]

        @Test(arguments: cases) func isFound(_ planted: Case) {
            var options = RunOptions(planted.faults, bugs: planted.bug)
            options.readsByLease = planted.readsByLease
            options.servers = planted.servers
            options.spares = planted.spares
            options.nonvoters = planted.nonvoters
            options.clients = planted.clients
            options.milliseconds = planted.milliseconds
            for seed in 1...UInt64(2000) {
                do {
                    try Cluster(seed: seed, options: options).run()
                } catch {
                    print("planted: \(planted.name): found after \(seed) seeds: \(error.rule)")
                    return
                }
            }
            Issue.record("not found: \(planted.name)")
        }
    #endif

    /// No protocol survives a disk that reports a sync without one; that the checkers notice shows
    /// that they work.
    @Test func aLyingDiskIsNoticed() {
        var faults = FaultPlan.crashes
        faults.kinds.append((.lyingDisk, 6))
        let found = (1...UInt64(200)).first { seed in
            do {
                try Cluster(seed: seed, options: RunOptions(faults)).run()
                return false
            } catch {
                return true
            }
        }
        #expect(found != nil)
    }
}
