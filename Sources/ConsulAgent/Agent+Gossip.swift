import ConsulConfig
import ConsulModel
import GossipNode
import LocalAgent
import Logging
import Platform
import Primitives
import Serf
import Synchronization
import TelemetrySinks

extension Agent {
    /// Starts the pools and joins the nodes of `start_join`. Members of `retry_join` and of the
    /// former run are joined by tasks of their own.
    func startGossip(_ config: RuntimeConfig) async throws(ConsulAgentError) {
        var pools = GossipPools(
            config: config, nodeID: nodeID, logger: { [logSink] in logSink.logger($0) },
            registry: metrics.registry, random: SystemRandom.generator())
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        var lan: GossipNode?
        var wan: GossipNode?
        let (lanSetup, wanSetup) = (try pools.lan(), try pools.wan())
        do throws(GossipError) {
            if var setup = lanSetup {
                let membership = membership
                setup.onEvent = { event in
                    membership.receive(event)
                    if case .member(.join, _) = event { wake.yield() }
                }
                setup.onStop = { [weak self] error in
                    guard let self else { return }
                    logger.critical(
                        "gossip has ended, and the agent stops", metadata: ["error": "\(error)"])
                    Task { await self.stop(gracefully: false) }
                }
                lan = try await GossipNode.start(setup, on: loops.next())
                membership.attach(lan: lan, wan: nil)
            }
            if let setup = wanSetup {
                wan = try await GossipNode.start(setup, on: loops.next())
            }
        } catch {
            throw .start("Failed to start gossip: \(error)")
        }
        membership.attach(lan: lan, wan: wan)
        try await join(config, lan, wan)
        if let lan, let wan {
            let flood = FloodJoiner(
                lan: lan, wan: wan, datacenter: config.node.datacenter,
                logger: logSink.logger("agent.server"))
            addTask { [clock] in await flood.run(wakes, clock: clock) }
        }
        if let lan, !config.node.disableCoordinates {
            let sender = CoordinateSender(
                pool: lan, backend: backend, datacenter: config.node.datacenter,
                node: config.node.name, logger: logger)
            let random = SystemRandom.generator()
            addTask { [clock] in await sender.run(random, clock: clock) }
        }
    }

    private func join(
        _ config: RuntimeConfig, _ lan: GossipNode?, _ wan: GossipNode?
    ) async throws(ConsulAgentError) {
        let pools = [
            (lan, "LAN", config.gossip.lan, config.ports.serfLAN),
            (wan, "WAN", config.gossip.wan, config.ports.serfWAN),
        ]
        for case (let pool?, let name, let settings, let port) in pools {
            let joiner = PoolJoiner(
                pool: pool, name: name, defaultPort: port, logger: logger, clock: clock)
            if let fault = await joiner.join(settings.startJoin) { throw .start(fault) }
            addTask { [weak self] in
                var random = SystemRandom.generator()
                await joiner.rejoin(&random)
                let hasJoined = await joiner.joinWithRetries(
                    settings.retryJoin, interval: settings.retryInterval,
                    attemptsMax: settings.retryMax)
                if !hasJoined { await self?.stop(gracefully: false) }
            }
        }
    }

    /// Starts a task that ends with the agent.
    private func addTask(_ work: @escaping @Sendable () async -> Void) {
        let task = Task { await work() }
        changing.withLock { $0.tasks.append(task) }
    }
}
