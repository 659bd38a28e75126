import GossipKit
import Memberlist
import Primitives
import Testing

/// Checks that the simulation finds known mistakes. One is planted in every node; some seed of a
/// few must break a rule.
@Suite struct PlantedBugTests {
    #if PLANTED_BUGS  // debug builds alone
        private func options(_ bug: PlantedBugs) -> MemberlistOptions {
            var options = MemberlistOptions.lan
            options.plantedBugs = bug
            return options
        }

        /// Runs seeds until one breaks a rule.
        private func expectFound(
            _ name: String, seeds: ClosedRange<UInt64> = 1...40,
            _ breaks: (UInt64) throws -> Bool
        ) throws {
            for seed in seeds {
                do {
                    guard try breaks(seed) else { continue }
                } catch let violation as Violation {
                    return print("planted: \(name): found after \(seed) seeds: \(violation.rule)")
                }
                return print("planted: \(name): found after \(seed) seeds")
            }
            Issue.record("not found: \(name)")
        }

        /// Returns whether a death is not known to all in time.
        private func isSlow(
            _ bug: PlantedBugs, seed: UInt64, count: Int, limit: GoDuration
        ) throws -> Bool {
            let pool = Pools.members(count, seed: seed, options: options(bug))
            pool.checks.watched = ["n3"]
            try pool.run(.seconds(3))
            pool.kill(3)
            return try pool.run(atMost: limit) { pool.allKnow(3, as: [.dead]) } == nil
        }

        @Test func aNodeThatNeverRefutesIsFound() throws {
            try expectFound("never refutes") { seed in
                let pool = Pools.members(10, seed: seed, options: options(.neverRefutes))
                try pool.run(.seconds(2))
                pool.pause(4, for: .seconds(3))
                try pool.run(.seconds(3))
                return try pool.run(atMost: .seconds(60)) { pool.isConverged } == nil
            }
        }

        @Test func anAnnouncementThatWinsTiesIsFound() throws {
            try expectFound("alive wins ties") { seed in
                let pool = Pools.members(10, seed: seed, options: options(.aliveWinsTies))
                pool.checks.watched = ["n3"]
                try pool.run(.seconds(2))
                pool.kill(3)
                // A push/pull repeats the announcement.
                for index in 4..<9 {
                    try pool.run(.seconds(1))
                    pool.join(index, index - 4 == 3 ? 9 : index - 4)
                }
                return try pool.run(atMost: DetectionTests.limit) {
                    pool.allKnow(3, as: [.dead])
                } == nil
            }
        }

        @Test func aBelieverOfPushPullsIsFound() throws {
            try expectFound("believes deaths in push/pulls") { seed in
                try !Scenarios.deathsByAReturningMember(
                    seed: seed, options(.believesDeadInPushPull)
                ).isEmpty
            }
        }

        @Test func aNodeThatNeverRegossipsIsFound() throws {
            try expectFound("never regossips") { seed in
                try isSlow(
                    .neverRegossips, seed: seed, count: 25, limit: DetectionTests.limit)
            }
        }

        @Test func aSuspicionWithoutTimerIsFound() throws {
            try expectFound("never expires a suspicion") { seed in
                try isSlow(
                    .neverExpiresSuspicion, seed: seed, count: 6, limit: DetectionTests.limit)
            }
        }

        @Test func anAccuserCountedTwiceIsFound() throws {
            try expectFound("counts one accuser twice") { seed in
                let time = try Scenarios.firstDeathByADeafMember(
                    seed: seed, options(.countsOneAccuserTwice))
                return time.map { $0 < .seconds(24) } ?? true
            }
        }

        @Test func anUnboundedScoreIsFound() throws {
            try expectFound("lets the health score grow") { seed in
                let pool = Pools.members(8, seed: seed, options: options(.unboundedAwareness))
                pool.network.isolate([0])
                try pool.run(.seconds(40))
                return false
            }
        }

        @Test func aProberOfOneMemberIsFound() throws {
            try expectFound("probes one member") { seed in
                try isSlow(.probesOneMember, seed: seed, count: 6, limit: DetectionTests.limit)
            }
        }

        @Test func aMessageSentOnceIsFound() throws {
            try expectFound("transmits once") { seed in
                let pool = Pools.memberPool(
                    20, seed: seed, options: options(.transmitsOnce), areAcquainted: false)
                pool.start(pool.indices)
                for index in 1..<20 { pool.join(index, 0) }
                return try pool.run(atMost: .seconds(10)) { pool.isConverged } == nil
            }
        }

        @Test func anEventDeliveredTwiceIsFound() throws {
            try expectFound("delivers events twice") { seed in
                let pool = try Pools.serf(5, seed: seed, options: options(.deliversEventsTwice))
                let deliveries = SerfPoolTests.Deliveries()
                deliveries.observe(pool)
                SerfPoolTests.fire("once", 0, pool)
                try pool.run(.seconds(3))
                return deliveries.counts.values.contains { ($0["once"] ?? 0) > 1 }
            }
        }
    #endif
}
