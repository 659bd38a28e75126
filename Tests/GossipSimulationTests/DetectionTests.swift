import GossipKit
import Memberlist
import Primitives
import Testing

/// A dead member is known as dead by all, within a bounded time.
@Suite struct DetectionTests {
    /// The probe within two rounds of the fastest observer, the least suspicion of about
    /// 4 x log10 n s, and gossip.
    static let limit = GoDuration.seconds(20)

    @Test(arguments: [10, 10, 10, 25, 25, 100].enumerated().map { ($0 + 1, $1) })
    func aDeadMemberIsFound(seed: Int, count: Int) throws {
        let pool = Pools.members(count, seed: UInt64(seed))
        pool.checks.watched = ["n3"]
        try pool.run(.seconds(3))
        pool.kill(3)
        let time = try pool.run(atMost: Self.limit) { pool.allKnow(3, as: [.dead]) }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
        // Not without the time to refute.
        #expect(time.map { $0 > .seconds(4) } == true)
        #expect(pool.isConverged, "seed \(seed): \(pool.differences)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func severalDeathsAreFound(seed: UInt64) throws {
        let pool = Pools.members(12, seed: seed)
        try pool.run(.seconds(2))
        for index in 0..<4 { pool.kill(index) }
        let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func aDeathIsFoundWithLoss(seed: UInt64) throws {
        let pool = Pools.members(10, seed: seed)
        pool.weather(lost: 150, repeated: 50, stragglers: 20)
        try pool.run(.seconds(2))
        pool.kill(4)
        let time = try pool.run(atMost: .seconds(60)) { pool.allKnow(4, as: [.dead]) }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    @Test func aMemberThatLeavesIsNeverDead() throws {
        let pool = Pools.members(10, seed: 1)
        var states: Set<MemberState> = []
        pool.onObservation = { index, observation in
            if case .gone("n5", let state) = observation { states.insert(state) }
            if index == 5, observation == .leaveEnded { states.insert(.alive) }
        }
        try pool.run(.seconds(1))
        pool.leave(5)
        try pool.run(.seconds(3))
        // The gossip has ended, and then the process.
        #expect(states.contains(.alive))
        pool.kill(5)
        try pool.run(.seconds(30))
        #expect(states == [.left, .alive])
        #expect(pool.isConverged)
    }

    /// A large pool, briefly: with the costs of a step in proportion to the members, this test
    /// would take minutes.
    @Test func membersOfAThousandSuspectADeadOne() throws {
        let pool = Pools.members(1000, seed: 1)
        pool.kill(500)
        let time = try pool.run(atMost: .seconds(10), every: .milliseconds(100)) {
            let known = pool.live.filter { pool.nodes[$0].state(of: "n500")?.state == .suspect }
            return known.count > 2
        }
        #expect(time != nil)
    }
}
