package import Primitives

/// A mix of faults for a pool, drawn from its seed.
package struct FaultPlan: Sendable {
    package enum Kind: Sendable, CaseIterable {
        /// Kills a node, and starts it again later.
        case crash
        /// Stops a node from handling its input for a while.
        case pause
        /// Cuts some nodes off, in both directions.
        case partition
        /// Cuts one direction between some nodes and the others.
        case oneWay
        /// Loses, repeats and delays datagrams for a while.
        case weather
    }

    package var kinds = Kind.allCases
    /// The mean pause between two faults.
    package var interval = GoDuration.seconds(4)
    /// The longest duration of a fault.
    package var longest = GoDuration.seconds(15)

    package init() {}
}

extension SimulatedPool {
    /// Runs for a span with faults; then ends them all, starts the nodes that are down, and joins
    /// those that restarted to one that did not: their own join may have met a partition.
    package func run(_ span: GoDuration, faults plan: FaultPlan) throws(Violation) {
        let end = now + span
        var repairs: [(at: Instant, action: (SimulatedPool) -> Void)] = []
        while now < end {
            try run(plan.interval / 2 + random.duration(below: plan.interval))
            for repair in repairs where repair.at <= now { repair.action(self) }
            repairs.removeAll { $0.at <= now }
            guard let kind = plan.kinds.randomElement(using: &random) else { return }
            let at = now + .seconds(1) + random.duration(below: plan.longest)
            if let repair = begin(kind, longest: plan.longest) { repairs.append((at, repair)) }
        }
        for repair in repairs { repair.action(self) }
        network.heal()
        weather(lost: 0, repeated: 0, stragglers: 0)
        for index in nodes.indices { resume(index) }
        let oldest = nodes.indices.min { hosts[$0].life < hosts[$1].life } ?? 0
        for index in nodes.indices where index != oldest && hosts[index].life > 0 {
            join(index, oldest)
        }
    }

    package func weather(lost: Int, repeated: Int, stragglers: Int) {
        network.lostPerMille = lost
        network.repeatedPerMille = repeated
        network.stragglersPerMille = stragglers
    }

    /// Begins a fault.
    ///
    /// - Returns: the action that ends it.
    private func begin(
        _ kind: FaultPlan.Kind, longest: GoDuration
    ) -> ((SimulatedPool) -> Void)? {
        switch kind {
        case .crash:
            guard live.count > 2, let index = live.randomElement(using: &random) else { return nil }
            kill(index)
            return { pool in
                guard pool.isDown(index) else { return }
                pool.restart(index)
                pool.joinAny(index)
            }
        case .pause:
            guard let index = live.randomElement(using: &random) else { return nil }
            pause(index, for: random.duration(below: longest))
            return nil
        case .partition, .oneWay:
            let count = Int.random(in: 1...max(1, nodes.count / 2), using: &random)
            network.heal()
            network.place(nodes.indices.shuffled(using: &random).prefix(count), on: 1)
            let isInward = Bool.random(using: &random)
            if kind == .partition || isInward { network.cut(from: 0, to: 1) }
            if kind == .partition || !isInward { network.cut(from: 1, to: 0) }
            return { $0.network.heal() }
        case .weather:
            weather(
                lost: Int.random(in: 0...300, using: &random),
                repeated: Int.random(in: 0...100, using: &random),
                stragglers: Int.random(in: 0...50, using: &random))
            return { $0.weather(lost: 0, repeated: 0, stragglers: 0) }
        }
    }

    /// Joins a node to a random live one.
    package func joinAny(_ index: Int) {
        let others = live.filter { $0 != index }
        guard let other = others.randomElement(using: &random) else { return }
        join(index, other)
    }
}
