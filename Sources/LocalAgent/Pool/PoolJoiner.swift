package import ConsulModel
package import GossipNode
package import Logging
package import PluginAPI
package import Primitives

/// Joins a pool at the start of the agent: once, and with retries.
package struct PoolJoiner: Sendable {
    package var pool: GossipNode
    /// `LAN` or `WAN`, in logs.
    package var name: String
    package var defaultPort: Int
    package var logger: Logger
    package var clock: any WaitingClock

    package init(
        pool: GossipNode, name: String, defaultPort: Int, logger: Logger,
        clock: any WaitingClock
    ) {
        self.pool = pool
        self.name = name
        self.defaultPort = defaultPort
        self.logger = logger
        self.clock = clock
    }

    /// Joins once (`start_join`).
    ///
    /// - Returns: nil, or why no node accepted.
    package func join(_ addresses: [String]) async -> String? {
        guard !addresses.isEmpty else { return nil }
        logger.info("(\(name)) joining", metadata: ["addresses": "\(addresses)"])
        let result = await pool.join(addresses, defaultPort: defaultPort)
        guard result.joined > 0 else {
            return ErrorText.list(result.failures)
        }
        logger.info("(\(name)) joined", metadata: ["number_of_nodes": "\(result.joined)"])
        return nil
    }

    /// Joins again and again until a node accepts (`retry_join`).
    ///
    /// - Parameter attemptsMax: 0 for no bound.
    /// - Returns: false when the last attempt failed.
    package func joinWithRetries(
        _ addresses: [String], interval: GoDuration, attemptsMax: Int
    ) async -> Bool {
        guard !addresses.isEmpty else { return true }
        logger.info("Joining cluster...", metadata: ["cluster": "\(name)"])
        var attempt = 0
        while true {
            attempt += 1
            let result = await pool.join(
                addresses.filter { !isProvider($0) }, defaultPort: defaultPort)
            if result.joined > 0 {
                logger.info(
                    "Join cluster completed. Synced with initial agents",
                    metadata: ["cluster": "\(name)", "num_agents": "\(result.joined)"])
                return true
            }
            if attemptsMax > 0, attempt >= attemptsMax {
                logger.error(
                    "max join retry exhausted, exiting", metadata: ["cluster": "\(name)"])
                return false
            }
            logger.warning(
                "Join cluster failed, will retry",
                metadata: [
                    "cluster": "\(name)", "retry_interval": "\(interval)",
                    "error": "\(result.failures.joined(separator: "; "))",
                ])
            guard await clock.sleep(until: clock.now() + interval) else { return true }
        }
    }

    /// Returns true for a cloud's list of machines, which this agent cannot read.
    private func isProvider(_ address: String) -> Bool {
        guard address.contains("provider=") else { return false }
        logger.error(
            "cloud auto-join is not supported: name an address or a DNS name with all servers",
            metadata: ["address": "\(address)"])
        return true
    }

    /// Joins one of the members that were alive when this agent ended, in random order.
    package func rejoin(_ random: inout SeededRandom) async {
        let former = pool.formerMembers.shuffled(using: &random)
        for address in former {
            logger.info(
                "serf: Attempting re-join to previously known node",
                metadata: ["address": "\(address)"])
            if await pool.join([address]).joined > 0 {
                logger.info(
                    "serf: Re-joined to previously known node",
                    metadata: ["address": "\(address)"])
                return
            }
        }
        if !former.isEmpty {
            logger.warning("serf: Failed to re-join any previously known node")
        }
    }
}
