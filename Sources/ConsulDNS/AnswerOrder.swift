import ConsulModel
import Glibc
import Primitives

/// Sorts a service's instances in an answer.
enum AnswerOrder {
    /// - Parameters:
    ///   - isByRoundTrip: the instances are sorted by round-trip time already.
    ///   - random: a generator for this answer only, where one is needed.
    static func arrange(
        _ instances: inout [CheckServiceNode], _ zone: Zone, isByRoundTrip: Bool = false,
        _ random: () -> SeededRandom
    ) {
        guard instances.count > 1 else { return }
        switch zone.rules.answerOrder {
        case .sorted: break  // in the catalog's order
        case .near where isByRoundTrip: break
        case .random, .near:
            var random = random()
            instances.shuffle(using: &random)
        case .weighted:
            var random = random()
            weigh(&instances, &random)
        }
        guard !zone.rules.srvPriorityMeta.isEmpty else { return }
        let ranked = instances.enumerated().map { ($1, priority(of: $1, zone), $0) }
        instances = ranked.sorted { ($0.1, $0.2) < ($1.1, $1.2) }.map { $0.0 }
    }

    /// The instance's SRV priority, of which clients try lower ones first: 1 where its metadata
    /// have none.
    static func priority(of instance: CheckServiceNode, _ zone: Zone) -> UInt16 {
        let key = zone.rules.srvPriorityMeta
        if key.isEmpty { return 1 }
        return instance.service.meta[key].flatMap { UInt16($0) } ?? 1
    }

    /// The instance's weight by its health.
    static func weight(of instance: CheckServiceNode) -> Int {
        let weights = instance.service.weights
        return instance.worst == .warning ? weights.warning : weights.passing
    }

    /// Returns whether an answer may be cached, and how. An answer with a random order other than a
    /// plain shuffle is made each time.
    static func keeping(_ zone: Zone, isByRoundTrip: Bool = false) -> Keeping {
        switch zone.rules.answerOrder {
        case .sorted: .asItIs
        case .near where isByRoundTrip: .asItIs
        case .random where zone.rules.srvPriorityMeta.isEmpty && zone.rules.aRecordLimit <= 0:
            .inAnyOrder
        case .random, .weighted, .near: .not
        }
    }

    /// Fills each position with one of the remaining instances, by their weights: every instance
    /// draws a time of an exponential clock whose rate is its weight, and the earliest comes first.
    /// Instances without weight come last.
    private static func weigh(
        _ instances: inout [CheckServiceNode], _ random: inout SeededRandom
    ) {
        let drawn = instances.map { instance -> (CheckServiceNode, Double) in
            let chance = Double.random(in: 0..<1, using: &random)
            let weight = weight(of: instance)
            return (instance, weight > 0 ? -log(1 - chance) / Double(weight) : .infinity)
        }
        instances = drawn.sorted { $0.1 < $1.1 }.map { $0.0 }
    }
}
