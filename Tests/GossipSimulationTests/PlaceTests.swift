import GossipKit
import Memberlist
import Primitives
import Testing

@Suite struct DetectionTests {
    @Test(arguments: [10, 100]) func aDeadMemberIsFound(count: Int) throws {
        let pool = Pools.members(count, seed: 1)
        try pool.run(.seconds(5))
        pool.kill(3)
        let time = try pool.run(atMost: .seconds(60)) { pool.allKnow(3, as: [.dead]) }
        print("found", count, time as Any, pool.traffic)
        #expect(time != nil)
    }
}
