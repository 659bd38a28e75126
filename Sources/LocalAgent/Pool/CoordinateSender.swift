package import ConsulModel
package import GossipNode
package import Logging
package import PluginAPI
package import Primitives
internal import Vivaldi

/// Sends this node's coordinate to the servers, at a rate that the whole datacenter shares: 64 per
/// second, and each node at most every 15 seconds (Consul's `syncCoordinate`).
package struct CoordinateSender: Sendable {
    package var pool: GossipNode
    package var backend: any Backend
    package var datacenter: String
    package var node: String
    package var logger: Logger

    package init(
        pool: GossipNode, backend: any Backend, datacenter: String, node: String, logger: Logger
    ) {
        self.pool = pool
        self.backend = backend
        self.datacenter = datacenter
        self.node = node
        self.logger = logger
    }

    /// Returns the time between two updates of one node in a pool of this size.
    static func interval(members: Int) -> GoDuration {
        max(
            Limits.coordinateIntervalMin,
            .nanoseconds(Int64(members) * 1_000_000_000 / Limits.coordinatesPerSecondMax))
    }

    /// Sends until the task is cancelled.
    package func run(_ random: SeededRandom, clock: any WaitingClock) async {
        var random = random
        while true {
            let interval = Self.interval(members: pool.members.count)
            // A stagger keeps the nodes of a pool apart.
            let wait = interval + random.duration(below: interval)
            guard await clock.sleep(until: clock.now() + wait) else { return }
            let coordinate = pool.coordinate
            guard coordinate.isValid else {
                logger.warning("the coordinate is not valid and is not sent")
                continue
            }
            var request = CoordinateUpdateRequest()
            request.datacenter = datacenter
            request.node = node
            request.coordinate = coordinate
            do throws(ConsulError) {
                _ = try await backend.call(.coordinateUpdate, request)
            } catch {
                logger.error("Coordinate update error", metadata: ["error": "\(error.message)"])
            }
        }
    }
}
