import ConsulConfig
import ConsulHTTP
import ConsulModel
import ConsulServer
import HTTPTransport
import LocalAgent
import Logging
import Platform
import PluginAPI
import Primitives
import Synchronization
import TelemetrySinks

extension Agent {
    /// Starts the agent: first its state, then its listeners, then its own work. A failed start
    /// stops every part again.
    /// - Parameter catchesSignals: true when this agent handles the process's signals, for `run`.
    package func start(catchesSignals: Bool = true) async throws(ConsulAgentError) {
        if catchesSignals { changing.withLock { $0.signals = Signals.stream() } }
        do throws(ConsulAgentError) {
            try await startParts()
        } catch {
            await shutDownParts()
            throw error
        }
    }

    private func startParts() async throws(ConsulAgentError) {
        DescriptorLimit.raise()
        let config = config
        if !config.node.pidFile.isEmpty {
            do throws(FileError) {
                let file = try PIDFile.write(config.node.pidFile)
                changing.withLock { $0.pidFile = file }
            } catch {
                throw .start("\(error)")
            }
        }
        host.logFailures()
        logToleratedFaults()
        await registerServer(config)
        do throws(ConsulError) {
            try await registrar.apply(
                services: config.services.map { $0.definition },
                checks: config.checks.map { $0.definition }, registry: registry,
                policy: ServiceBuilder.policy(config))
            await registrar.restore()
        } catch {
            throw .start(error.message)
        }
        try await startGossip(config)
        try await startDNS(config)
        try await listen(config)
        try startWatches(config)
        let tasks = [
            Task { await antiEntropy.run() }, Task { await registrar.runReaper() },
            Task { await notifyWatchdog() }, Task { await metrics.run() },
            Task { await eventDelivery.run() }, Task { await FreedMemory.returnWhenIdle() },
        ]
        changing.withLock { $0.tasks += tasks }
        notify?.ready()
        notifyServiceManager(config)
        logger.info("Consul agent running!")
        ProgramCode.forgetStartup()
        logUnused(config)
    }

    /// Logs the faults that do not prevent the start, once: a strict reading refuses the sources.
    private func logToleratedFaults() {
        for fault in tolerated {
            logger.error("\(fault)")
        }
    }

    /// Starts the watches after the listeners: a handler may call this agent's API.
    private func startWatches(_ config: RuntimeConfig) throws(ConsulAgentError) {
        do throws(ConsulError) {
            try watches.apply(
                config.watches.map { $0.definition },
                tolerated: config.watches.map { $0.tolerated }, registry: registry,
                rules: ServiceBuilder.addedWatchRules(config))
        } catch {
            throw .start(error.message)
        }
        watches.restoreAdded { [logger] reason in
            logger.error("cannot restore a watch", metadata: ["error": "\(reason)"])
        }
    }

    private func registerServer(_ config: RuntimeConfig) async {
        guard let serverBackend else { return }
        var identity = ServerIdentity()
        identity.node = config.node.name
        identity.id = nodeID
        identity.address = config.listen.advertise
        identity.port = config.ports.server
        identity.meta = [
            "non_voter": "false", "raft_version": "3", "serf_protocol_current": "2",
            "serf_protocol_max": "5", "serf_protocol_min": "1", "version": Version.number,
        ]
        serverBackend.registersSelf(as: identity)
        serverBackend.onStop { [weak self] reason in
            guard let self else { return }
            logger.critical(
                "the replicated log cannot continue; the agent stops",
                metadata: ["error": "\(reason)"])
            Task { await self.stop(gracefully: false) }
        }
        serverBackend.start()
        if !serverBackend.hasGroup {
            logger.warning(
                """
                no known peers, aborting election: bootstrap is not configured, and this server \
                belongs to no group
                """)
            return
        }
        let group = serverBackend.groupWithoutSelf
        if !group.isEmpty {
            logger.error(
                """
                not part of stable configuration, aborting election: the log names other servers; \
                put the ID of this server back into the file node-id, or set the group by \
                raft/peers.json
                """,
                metadata: [
                    "node-id": "\(nodeID)", "servers": "\(group.joined(separator: ", "))",
                ])
            return
        }
        // A single server leads at once; in a group the others may have to start first.
        let deadline = clock.now() + .seconds(2)
        while !serverBackend.log.leadership.isReady, clock.now() < deadline,
            await clock.sleep(until: clock.now() + .milliseconds(1))
        {}
    }

    private func listen(_ config: RuntimeConfig) async throws(ConsulAgentError) {
        let context = makeContext()
        changing.withLock { $0.context = context }
        let servers = try await Listeners.start(
            config, handler: ConsulHandler(context), on: loops.group,
            logger: logSink.logger("agent.http"))
        changing.withLock { $0.servers = servers }
        for address in servers.flatMap({ $0.addresses }) {
            logger.info("Started HTTP server", metadata: ["address": "\(address)"])
        }
    }

    private func makeContext() -> AgentContext {
        AgentContext(
            backend: backend, membership: membership, control: self, local: local,
            registrar: registrar, runners: runners, antiEntropy: antiEntropy,
            watches: watches, events: events,
            eventLog: eventLog,
            clock: clock, logger: logSink.logger("agent.http"), logSink: logSink,
            metrics: metrics,
            plugins: { [self] in pluginStatuses },
            configuration: { [self] in AgentDescription.configuration(of: self) },
            statistics: { [self] in AgentDescription.statistics(of: self) },
            nodeMeta: { [nodeMeta] in nodeMeta.node.meta }, host: HostReport.collect,
            settings: Self.faceSettings(config))
    }

    static func faceSettings(_ config: RuntimeConfig) -> AgentContext.Settings {
        var settings = AgentContext.Settings()
        settings.datacenter = config.node.datacenter
        settings.alwaysPretty = config.devMode
        settings.valueBytesMax = config.limits.kvMaxValueSize
        settings.uiEnabled = config.ui.isEnabled
        settings.uiContentPath = config.ui.path
        settings.responseHeaders = config.limits.responseHeaders
        settings.blockedPrefixes = config.limits.blockEndpoints
        settings.writers = config.limits.allowWriteHTTPFrom.compactMap { CIDRBlock($0) }
        settings.refusesUnknownDeregistration = config.limits.refusesUnknownDeregistration
        settings.allowedHosts = config.limits.allowedHosts
        settings.ownDomains = [config.dns.domain, config.dns.altDomain]
        settings.defaultQueryTime = config.limits.defaultQueryTime
        settings.maxQueryTime = config.limits.maxQueryTime
        settings.discoveryMaxStale = config.limits.discoveryMaxStale
        settings.disablesCoordinates = config.node.disableCoordinates
        settings.enablesDebug = config.node.enableDebug
        settings.allowsUnprintablePaths = config.limits.allowsUnprintablePaths
        return settings
    }

    /// The addresses on which the API listens, for the banner and tests.
    package var httpAddresses: [String] {
        changing.withLock { $0.servers }.flatMap { $0.addresses }
    }

    var pluginStatuses: [PluginStatus] { host.statuses }

    /// Reports the agent's role and addresses to systemd, where it started this agent; `systemctl
    /// status` shows the line.
    func notifyServiceManager(_ config: RuntimeConfig) {
        notify?.status(
            "\(config.node.server ? "Server" : "Client") \(config.node.name) in datacenter "
                + "\(config.node.datacenter), HTTP API on "
                + httpAddresses.joined(separator: ", "))
    }

    /// Notifies systemd periodically, if configured, that the agent is alive.
    private func notifyWatchdog() async {
        guard let notify, let text = HostSystem.variable("WATCHDOG_USEC"),
            let microseconds = Int64(text), microseconds > 0
        else { return }
        let interval = GoDuration(nanoseconds: microseconds * 500)
        while await clock.sleep(until: clock.now() + interval) { notify.watchdog() }
    }
}
