package import Memberlist
package import Primitives
package import Serf

/// Makers of pools whose nodes know each other from the beginning.
package enum Pools {
    /// Returns a started pool of memberlist's core alone.
    package static func members(
        _ count: Int, seed: UInt64, options: MemberlistOptions = .lan
    ) -> SimulatedPool<MemberNode> {
        let pool = memberPool(count, seed: seed, options: options, areAcquainted: true)
        pool.start(pool.indices)
        pool.checks.healthScoresMax = max(1, options.awarenessMax)
        return pool
    }

    /// Returns a pool that is not started.
    ///
    /// - Parameter areAcquainted: false for nodes that know no node but themselves.
    package static func memberPool(
        _ count: Int, seed: UInt64, options: MemberlistOptions = .lan, areAcquainted: Bool
    ) -> SimulatedPool<MemberNode> {
        typealias Pool = SimulatedPool<MemberNode>
        var template = MemberlistCore(
            name: Pool.name(of: 0), address: Pool.address(of: 0), meta: [], options: options,
            random: SeededRandom(seed: seed))
        if areAcquainted {
            for index in 1..<count {
                template.add(
                    PoolMember(
                        name: Pool.name(of: index), address: Pool.address(of: index),
                        incarnation: 1))
            }
        }
        var started = 0
        return Pool(count, seed: seed) { index, random in
            // A node that restarts knows no node.
            started += 1
            if areAcquainted, started <= count,
                let core = MemberlistCore(Pool.name(of: index), among: template, random: random)
            {
                return MemberNode(core)
            }
            return MemberNode(
                MemberlistCore(
                    name: Pool.name(of: index), address: Pool.address(of: index), meta: [],
                    options: options, random: random))
        }
    }

    /// Returns a started pool of Serf's nodes, which join the first one.
    package static func serf(
        _ count: Int, seed: UInt64, options: MemberlistOptions = .lan
    ) throws(Violation) -> SimulatedPool<SerfNode> {
        typealias Pool = SimulatedPool<SerfNode>
        let pool = Pool(count, seed: seed) { index, random in
            SerfNode(
                SerfCore(
                    name: Pool.name(of: index), address: Pool.address(of: index), tags: [:],
                    options: SerfOptions(memberlist: options), keyring: Keyring(), random: random),
                name: Pool.name(of: index))
        }
        pool.start(pool.indices)
        for index in 1..<count { pool.join(index, 0) }
        let converged = try pool.run(atMost: .seconds(60)) { pool.isConverged }
        guard converged != nil else {
            throw Violation(
                "nodes that join know each other", pool.differences, seed: seed, time: pool.now)
        }
        pool.checks.healthScoresMax = max(1, options.awarenessMax)
        return pool
    }
}
