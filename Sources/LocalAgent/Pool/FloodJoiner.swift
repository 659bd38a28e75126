package import GossipNode
package import Logging
package import PluginAPI
package import Primitives
internal import Serf

/// Joins the servers of this datacenter into the pool between datacenters: joining one server of a
/// datacenter reaches all of them (Consul's flood).
package struct FloodJoiner: Sendable {
    package var lan: GossipNode
    package var wan: GossipNode
    package var datacenter: String
    package var logger: Logger

    package init(lan: GossipNode, wan: GossipNode, datacenter: String, logger: Logger) {
        self.lan = lan
        self.wan = wan
        self.datacenter = datacenter
        self.logger = logger
    }

    /// Joins periodically, and when `wakes` yields: a server joined the datacenter.
    package func run(_ wakes: AsyncStream<Void>, clock: any WaitingClock) async {
        let ticks = Task {
            while await clock.sleep(until: clock.now() + Limits.floodInterval) { await flood() }
        }
        await withTaskCancellationHandler {
            for await _ in wakes { await flood() }
        } onCancel: {
            ticks.cancel()
        }
        ticks.cancel()
    }

    /// Joins each live server of the datacenter that the other pool lacks.
    package func flood() async {
        let known = Set(
            wan.members.filter { $0.status == .alive }.map { $0.name.lowercased() })
        for member in lan.members {
            guard member.status == .alive, PoolRules.isServer(member.tags),
                member.name != lan.localMember.name,
                let port = member.tags["wan_join_port"].flatMap({ UInt16($0) }), port > 0,
                !known.contains("\(member.name).\(datacenter)".lowercased())
            else { continue }
            var address = member.address
            address.port = port
            let result = await wan.join([address])
            if result.joined > 0 {
                logger.debug(
                    "Successfully performed flood-join for server at address",
                    metadata: ["server": "\(member.name)", "address": "\(address)"])
            } else {
                logger.debug(
                    "Failed to flood-join server at address",
                    metadata: [
                        "server": "\(member.name)", "address": "\(address)",
                        "error": "\(result.failures.joined(separator: "; "))",
                    ])
            }
        }
    }
}
