import Glibc
import SimulationKit
import Testing

/// Workload × faults. `SEED=… swift test --filter SimulationTests` repeats one run of each.
@Suite struct SimulationTests {
    /// The run that a failure named, or the fixed list.
    static func seeds(_ count: UInt64) -> [UInt64] {
        if let text = getenv("SEED"), let seed = UInt64(String(cString: text)) { return [seed] }
        return Array(1...count)
    }

    private func run(_ faults: FaultPlan, _ count: UInt64, clients: Int = 4) throws {
        for seed in Self.seeds(count) {
            var options = RunOptions(faults)
            options.clients = clients
            options.isTraced = getenv("TRACE") != nil
            try Cluster(seed: seed, options: options).run()
        }
    }

    @Test func calm() throws { try run(.calm, 40) }
    @Test func crashes() throws { try run(.crashes, 300) }
    @Test func partitions() throws { try run(.partitions, 300) }
    @Test func membership() throws { try run(.membership, 300) }
    @Test func everything() throws { try run(.everything, 1100) }
}
