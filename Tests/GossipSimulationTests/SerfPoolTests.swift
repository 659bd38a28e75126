import Glibc
import GossipKit
import Memberlist
import Primitives
import Serf
import Testing

/// Pools of Serf's nodes.
@Suite struct SerfPoolTests {
    /// The user events that each node delivered, by name.
    final class Deliveries {
        var counts: [Int: [String: Int]] = [:]

        func observe(_ pool: SimulatedPool<SerfNode>) {
            pool.onObservation = { index, observation in
                if case .event(let message) = observation {
                    self.counts[index, default: [:]][message.name, default: 0] += 1
                }
            }
        }
    }

    static func fire(_ name: String, _ index: Int, _ pool: SimulatedPool<SerfNode>) {
        pool.change(index) { node, now, effects in
            node.request(
                { .userEvent(name: name, payload: [1], coalesces: false, $0) }, now: now,
                into: &effects)
        }
    }

    @Test(arguments: [(1, 0), (2, 100)] as [(UInt64, Int)])
    func eventsReachAllExactlyOnce(seed: UInt64, lost: Int) throws {
        let pool = try Pools.serf(8, seed: seed)
        let deliveries = Deliveries()
        deliveries.observe(pool)
        pool.weather(lost: lost, repeated: 50, stragglers: 20)
        for number in 0..<20 {
            Self.fire("e\(number)", number % 8, pool)
            try pool.run(.milliseconds(100))
        }
        let time = try pool.run(atMost: .seconds(70)) {
            pool.live.allSatisfy { deliveries.counts[$0]?.count == 20 }
        }
        #expect(time != nil, "seed \(seed): \(deliveries.counts.mapValues(\.count))")
        try pool.run(.seconds(20))
        #expect(deliveries.counts.values.allSatisfy { $0.values.allSatisfy { $0 == 1 } })
    }

    @Test func queriesAreAnsweredByAll() throws {
        let pool = try Pools.serf(10, seed: 1)
        // The nodes that received the query answer it.
        var received: [(Int, QueryID)] = []
        var answers: Set<String> = []
        pool.onObservation = { index, observation in
            if case .query(let id) = observation { received.append((index, id)) }
            if case .response(let name) = observation { answers.insert(name) }
        }
        pool.change(3) { node, now, effects in
            node.request({ .query(QueryRequest(name: "up"), $0) }, now: now, into: &effects)
        }
        for _ in 0..<20 {
            try pool.run(.milliseconds(100))
            for (index, id) in received {
                pool.change(index) { node, now, effects in
                    node.request({ .respond(id, payload: [7], $0) }, now: now, into: &effects)
                }
            }
            received = []
        }
        #expect(answers.count == 10, "\(answers)")
    }

    /// Serf's reconnects bring the sides together after memberlist has forgotten the others.
    @Test func aLongPartitionHeals() throws {
        let pool = try Pools.serf(6, seed: 2)
        pool.network.isolate(0..<2)
        let isSplit = try pool.run(atMost: .seconds(90)) { pool.allKnow(0, as: [.dead, .alive]) }
        #expect(isSplit != nil)
        try pool.run(.seconds(60))
        pool.network.heal()
        let time = try pool.run(atMost: .seconds(180), every: .seconds(1)) { pool.isConverged }
        #expect(time != nil, "\(pool.differences)")
    }

    @Test func leavingIsNotFailing() throws {
        let pool = try Pools.serf(8, seed: 3)
        var states: Set<MemberState> = []
        pool.onObservation = { _, observation in
            if case .gone("n5", let state) = observation { states.insert(state) }
            if case .stopped = observation { states.insert(.alive) }
        }
        pool.leave(5)
        let time = try pool.run(atMost: .seconds(20)) { states.contains(.alive) }
        #expect(time != nil)
        pool.kill(5)
        try pool.run(.seconds(15))
        #expect(states == [.left, .alive])
    }

    // MARK: Random faults

    /// Runs faults from a seed, then requires that the pool comes together again and that events
    /// reach all.
    static func play(seed: UInt64, nodes: Int, seconds: Int64) throws {
        let pool = try Pools.serf(nodes, seed: seed)
        try pool.run(.seconds(seconds), faults: FaultPlan())
        let time = try pool.run(atMost: .seconds(300), every: .seconds(1)) { pool.isConverged }
        guard time != nil else {
            throw Violation(
                "states converge after faults", pool.differences, seed: seed, time: pool.now)
        }
        // A node does not deliver events from before the end of its join.
        try pool.run(.seconds(3))
        let deliveries = Deliveries()
        deliveries.observe(pool)
        fire("last", 0, pool)
        let delivered = try pool.run(atMost: .seconds(40)) {
            pool.live.allSatisfy { deliveries.counts[$0]?["last"] == 1 }
        }
        guard delivered != nil else {
            throw Violation(
                "events reach all", "\(deliveries.counts)", seed: seed, time: pool.now)
        }
    }

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    /// `SEED=…` repeats one run.
    @Test(arguments: number("SEED").map { [$0] } ?? [1, 2, 3])
    func faultsAreSurvived(seed: UInt64) throws {
        try Self.play(seed: seed, nodes: 5, seconds: 40)
    }

    /// `TORTURE=1`: fresh seeds until stopped, or `ROUNDS` of them.
    @Test(.enabled(if: getenv("TORTURE") != nil)) func torture() throws {
        let first = Self.number("SEED") ?? UInt64(time(nil))
        for seed in first..<first + (Self.number("ROUNDS") ?? .max / 2) {
            try Self.play(seed: seed, nodes: 3 + Int(seed % 10), seconds: 120)
            if seed % 10 == 0 { print("gossip: seed \(seed)") }
        }
    }

    /// `TORTURE=1`: a pool beyond the bound of a normal test.
    @Test(.enabled(if: getenv("TORTURE") != nil)) func tenThousandMembersFindADeath() throws {
        var options = MemberlistOptions.lan
        // Forgetting a member copies each node's index of names.
        options.gossipToTheDeadTime = .hours(1)
        let pool = Pools.members(10_000, seed: 1, options: options)
        try pool.run(.seconds(2))
        pool.kill(77)
        let time = try pool.run(atMost: .seconds(60), every: .seconds(1)) {
            pool.allKnow(77, as: [.dead])
        }
        #expect(time != nil)
    }
}
