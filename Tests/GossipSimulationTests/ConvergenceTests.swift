import GossipKit
import Memberlist
import Primitives
import Testing

/// Nodes that join know all others soon, and the others them.
@Suite struct ConvergenceTests {
    @Test func joinsThroughOneMember() throws {
        let pool = Pools.memberPool(30, seed: 1, areAcquainted: false)
        pool.start(pool.indices)
        for index in 1..<30 { pool.join(index, 0) }
        let time = try pool.run(atMost: .seconds(10)) { pool.isConverged }
        #expect(time != nil, "\(pool.differences)")
    }

    /// Each joins the one before it, all at once.
    @Test(arguments: [1, 2] as [UInt64]) func joinsThroughDifferentMembers(seed: UInt64) throws {
        let pool = Pools.memberPool(20, seed: seed, areAcquainted: false)
        pool.start(pool.indices)
        for index in 1..<20 { pool.join(index, index - 1) }
        // Push/pulls repair within their interval, which begins with a stagger.
        let time = try pool.run(atMost: .seconds(35)) { pool.isConverged }
        #expect(time != nil, "seed \(seed): \(pool.differences)")
    }

    @Test func restartsOfManyAreAbsorbed() throws {
        let pool = Pools.members(20, seed: 3)
        try pool.run(.seconds(5))
        for index in 0..<10 {
            pool.restart(index)
            pool.join(index, 15)
        }
        let time = try pool.run(atMost: .seconds(35)) { pool.isConverged }
        #expect(time != nil, "\(pool.differences)")
    }

    @Test func aReturningMemberGetsItsNameBack() throws {
        let pool = Pools.members(8, seed: 3)
        pool.kill(2)
        _ = try pool.run(atMost: .seconds(40)) { pool.isConverged }
        pool.restart(2)
        pool.joinAny(2)
        let time = try pool.run(atMost: .seconds(20)) { pool.isConverged }
        #expect(time != nil, "\(pool.differences)")
    }
}
