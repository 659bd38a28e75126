import GossipKit
import Memberlist
import Primitives
import Testing

/// A live member is not declared dead, or not for good.
@Suite struct StabilityTests {
    /// Counts the deaths of live members that nodes report.
    private func countDeaths(_ pool: SimulatedPool<MemberNode>) -> Counter {
        let counter = Counter()
        pool.onObservation = { _, observation in
            if case .gone = observation { counter.count += 1 }
        }
        return counter
    }

    final class Counter { var count = 0 }

    @Test(arguments: [1, 2, 3] as [UInt64]) func lossKillsNoMember(seed: UInt64) throws {
        let pool = Pools.members(10, seed: seed)
        pool.checks.watched = ["n0", "n1"]
        let deaths = countDeaths(pool)
        pool.weather(lost: 100, repeated: 50, stragglers: 20)
        try pool.run(.seconds(60))
        #expect(deaths.count == 0, "seed \(seed)")
    }

    /// Without pings by stream, which loss does not reach, live members are suspected.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func heavyLossKillsNoMemberForGood(seed: UInt64) throws {
        var options = MemberlistOptions.lan
        options.disablesStreamPings = true
        let pool = Pools.members(10, seed: seed, options: options)
        pool.weather(lost: 400, repeated: 0, stragglers: 100)
        try pool.run(.seconds(40))
        pool.weather(lost: 0, repeated: 0, stragglers: 0)
        let time = try pool.run(atMost: .seconds(90)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    /// The case of the Lifeguard paper: some members handle their input late, again and again.
    @Test(arguments: [1, 2] as [UInt64]) func slowMembersKillNoHealthyOnes(seed: UInt64) throws {
        let pool = Pools.members(16, seed: seed)
        var deaths: [String] = []
        pool.onObservation = { observer, observation in
            if observer >= 2, case .gone(let name, .dead) = observation { deaths.append(name) }
        }
        for _ in 0..<10 {
            for slow in 0..<2 { pool.pause(slow, for: .milliseconds(2500)) }
            try pool.run(.seconds(4))
        }
        #expect(deaths.allSatisfy { ["n0", "n1"].contains($0) }, "seed \(seed): \(deaths)")
        let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    /// The other case: timers are on time, datagrams are handled late.
    @Test(arguments: [1, 2] as [UInt64]) func lateMembersKillNoHealthyOnes(seed: UInt64) throws {
        let pool = Pools.members(16, seed: seed)
        var deaths: [String] = []
        pool.onObservation = { _, observation in
            if case .gone(let name, .dead) = observation { deaths.append(name) }
        }
        for late in 0..<2 { pool.setLag(late, .seconds(3)) }
        try pool.run(.seconds(40))
        #expect(deaths.allSatisfy { ["n0", "n1"].contains($0) }, "seed \(seed): \(deaths)")
        for late in 0..<2 { pool.setLag(late, .zero) }
        let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    @Test func clocksOfDifferentSpeedKillNoMember() throws {
        let pool = Pools.memberPool(10, seed: 1, areAcquainted: true)
        for index in pool.indices {
            pool.setClock(
                index, offset: .seconds(Int64(index) * 1000),
                partsPerMillionFast: Int64(index - 5) * 20_000)
        }
        let deaths = countDeaths(pool)
        pool.start(pool.indices)
        try pool.run(.seconds(40))
        #expect(deaths.count == 0)
        pool.kill(2)
        let time = try pool.run(atMost: DetectionTests.limit) { pool.allKnow(2, as: [.dead]) }
        #expect(time != nil)
    }

    /// A member whose answers are lost accuses all others, which refute; it hears nothing, and
    /// waits for the greatest suspicion, since no other member confirms.
    @Test func aDeafMemberWaitsBeforeItDeclaresDeaths() throws {
        let time = try Scenarios.firstDeathByADeafMember(seed: 1, .lan)
        #expect(time.map { $0 >= .seconds(24) } == true, "\(time.map { "\($0)" } ?? "never")")
    }

    /// A member that was cut off knows all others as dead. Its push/pull must not kill them.
    @Test(arguments: [1, 2, 3] as [UInt64]) func aReturningMemberKillsNoOthers(seed: UInt64) throws
    {
        let deaths = try Scenarios.deathsByAReturningMember(seed: seed, .lan)
        #expect(deaths == [], "seed \(seed)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func aPausedMemberRefutes(seed: UInt64) throws {
        let pool = Pools.members(10, seed: seed)
        try pool.run(.seconds(2))
        let deaths = countDeaths(pool)
        pool.pause(4, for: .seconds(3))
        try pool.run(.seconds(3))
        let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
        #expect(deaths.count == 0, "seed \(seed)")
    }

    @Test func aShortPartitionHeals() throws {
        let pool = Pools.members(10, seed: 4)
        try pool.run(.seconds(2))
        pool.network.isolate(0..<4)
        try pool.run(.seconds(6))
        pool.network.heal()
        let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        #expect(time != nil, "\(pool.differences)")
    }

    @Test func oneWayCutsHeal() throws {
        for isInward in [true, false] {
            let pool = Pools.members(10, seed: 5)
            try pool.run(.seconds(2))
            pool.network.place(0..<3, on: 1)
            pool.network.cut(from: isInward ? 0 : 1, to: isInward ? 1 : 0)
            try pool.run(.seconds(5))
            pool.network.heal()
            let time = try pool.run(atMost: .seconds(60)) { pool.isConverged }
            #expect(time != nil, "\(pool.differences)")
        }
    }

    @Test func runsAreRepeatable() throws {
        func play() throws -> Traffic {
            let pool = Pools.members(10, seed: 9)
            pool.weather(lost: 100, repeated: 50, stragglers: 50)
            try pool.run(.seconds(10))
            return pool.traffic
        }
        #expect(try play() == play())
    }

    @Test func queuesEmptyInAQuietPool() throws {
        let pool = Pools.members(30, seed: 6)
        pool.checks.queuedMax = 64
        pool.kill(1)
        _ = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        try pool.run(.seconds(15))
        #expect(pool.live.allSatisfy { pool.nodes[$0].queuedCount == 0 })
    }
}

/// Runs that more than one test needs.
enum Scenarios {
    /// Returns the time from the loss of all datagrams to one member until it declares the first
    /// death.
    static func firstDeathByADeafMember(
        seed: UInt64, _ options: MemberlistOptions
    ) throws -> GoDuration? {
        var options = options
        // Every second a probe fails: without the health score the same member is accused often.
        options.awarenessMax = 1
        let pool = Pools.members(4, seed: seed, options: options)
        var isFound = false
        pool.onObservation = { observer, observation in
            if observer == 0, case .gone = observation { isFound = true }
        }
        try pool.run(.seconds(2))
        pool.network.place([0], on: 1)
        pool.network.cut(from: 0, to: 1)
        return try pool.run(atMost: .seconds(60)) { isFound }
    }

    /// Returns the members that others declare dead when one returns that knew them as dead.
    static func deathsByAReturningMember(
        seed: UInt64, _ options: MemberlistOptions
    ) throws -> [String] {
        var options = options
        // It must still know them when it returns.
        options.gossipToTheDeadTime = .hours(1)
        let pool = Pools.members(8, seed: seed, options: options)
        try pool.run(.seconds(2))
        pool.network.isolate([0])
        let name = SimulatedPool<MemberNode>.name(of:)
        let isAlone = try pool.run(atMost: .seconds(120)) {
            (1..<8).allSatisfy { pool.nodes[0].state(of: name($0))?.state == .dead }
        }
        struct NotAlone: Error {}
        guard isAlone != nil else { throw NotAlone() }
        // Its gossip about the deaths ends: only the push/pull repeats them.
        _ = try pool.run(atMost: .seconds(60)) { pool.nodes[0].queuedCount == 0 }
        try pool.run(.seconds(1))
        pool.network.heal()
        var deaths: [String] = []
        pool.onObservation = { observer, observation in
            if observer != 0, case .gone(let name, .dead) = observation { deaths.append(name) }
        }
        pool.join(0, 1)
        let time = try pool.run(atMost: .seconds(40)) { pool.isConverged }
        return time == nil ? deaths + [pool.differences] : deaths
    }
}
