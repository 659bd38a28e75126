import GossipKit
import Memberlist
import Primitives

// Prints the figures of simulated pools: `gossip-bench [quick]`. Exact, since time is simulated.

let isQuick = CommandLine.arguments.contains("quick")
Bench.detection(isQuick ? [10, 100] : [10, 32, 100, 320, 1000, 3200, 10_000])
Bench.falsePositives(isQuick ? 1 : 4)
Bench.traffic(isQuick ? [10, 100] : [10, 32, 100, 320, 1000, 3200, 10_000])
Bench.joins(isQuick ? [100] : [10, 100, 320, 1000])
