import Glibc
import SimulationKit
import Testing

/// Workload × faults. `SEED=… swift test --filter SimulationTests` repeats that run of each plan,
/// and `TRACE=1` with it prints all events.
@Suite struct SimulationTests {
    static let plans: [(name: String, faults: FaultPlan, seeds: UInt64)] = [
        ("calm", .calm, 40), ("crashes", .crashes, 200), ("partitions", .partitions, 200),
        ("membership", .membership, 200), ("elections", .elections, 150),
        ("short terms", .shortTerms, 150), ("power", .power, 150),
        ("stale leaders", .staleLeaders, 150), ("everything", .everything, 800),
    ]

    static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    static func options(_ faults: FaultPlan) -> RunOptions {
        var options = RunOptions(faults)
        options.isTraced = getenv("TRACE") != nil
        return options
    }

    /// The run that a failure named, or the fixed list.
    @Test(arguments: plans.indices) func holds(_ index: Int) throws {
        let plan = Self.plans[index]
        let seeds = Self.number("SEED").map { $0...$0 } ?? 1...plan.seeds
        for seed in seeds {
            try Cluster(seed: seed, options: Self.options(plan.faults)).run()
        }
    }

    @Test func aSeedRepeatsExactly() throws {
        for seed in UInt64(1)...10 {
            let digests = try (0..<2).map { _ in
                let cluster = Cluster(seed: seed, options: Self.options(.everything))
                try cluster.run()
                return cluster.digest
            }
            #expect(digests[0] == digests[1])
        }
    }

    /// `TORTURE=1`: fresh seeds until stopped, or `ROUNDS` of them.
    @Test(.enabled(if: getenv("TORTURE") != nil)) func torture() throws {
        var system = SystemRandomNumberGenerator()
        var acknowledged = 0
        for round in 1...(Self.number("ROUNDS") ?? .max) {
            let seed = system.next() >> 16
            let plan = Self.plans[Int(round % UInt64(Self.plans.count))]
            let cluster = Cluster(seed: seed, options: Self.options(plan.faults))
            do {
                try cluster.run()
            } catch {
                print("\(plan.name): \(error)")
                throw error
            }
            acknowledged += cluster.acknowledged
            if round % 10_000 == 0 {
                print("\(round) rounds, \(acknowledged) acknowledged writes, all there")
            }
        }
    }
}
