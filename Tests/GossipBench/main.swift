import GossipKit
import Memberlist
import Primitives

let pool = Pools.members(100, seed: 1)
try pool.run(.seconds(30))
print(pool.traffic)
