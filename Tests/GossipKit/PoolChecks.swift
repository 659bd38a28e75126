package import Primitives

/// A broken rule, with the seed that repeats the run.
package struct Violation: Error, Sendable, CustomStringConvertible {
    package var rule: String
    package var text: String
    package var seed: UInt64
    package var time: Instant

    package init(_ rule: String, _ text: String, seed: UInt64, time: Instant) {
        self.rule = rule
        self.text = text
        self.seed = seed
        self.time = time
    }

    package var description: String { "SEED=\(seed) at \(time): \(rule): \(text)" }
}

/// The rules that hold after every step of every node.
package struct PoolChecks: Sendable {
    /// The health score is below this.
    package var healthScoresMax = Int.max
    package var queuedMax = Int.max
    /// Members whose states are compared with the earlier ones at each node.
    package var watched: [String] = []
    private var known: [Int: [String: KnownState]] = [:]

    package init() {}

    /// True when more than the health score is checked.
    var examinesNodes: Bool { queuedMax < .max || !watched.isEmpty }

    mutating func forget(observer: Int) { known[observer] = nil }

    mutating func check(
        _ index: Int, _ node: some PoolNode, seed: UInt64, now: Instant
    ) -> Violation? {
        if node.healthScore >= healthScoresMax {
            return Violation(
                "the health score is bounded", "\(node.name) has \(node.healthScore)", seed: seed,
                time: now)
        }
        if queuedMax < .max, node.queuedCount > queuedMax {
            return Violation(
                "queues are bounded", "\(node.name) holds \(node.queuedCount)", seed: seed,
                time: now)
        }
        for name in watched {
            // A forgotten member may return in any state.
            let state = node.state(of: name)
            defer { known[index, default: [:]][name] = state }
            guard let state, let earlier = known[index]?[name] else { continue }
            if !state.mayFollow(earlier) {
                return Violation(
                    "states only advance",
                    "\(node.name) had \(name) \(earlier.state)@\(earlier.incarnation), "
                        + "has \(state.state)@\(state.incarnation)", seed: seed, time: now)
            }
        }
        return nil
    }
}
