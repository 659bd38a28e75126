package import ConsulConfig
import ConsulDNS
import ConsulHTTP
import ConsulModel
import ConsulServer
import HTTPTransport
import LocalAgent
import Logging
package import Platform
package import PluginAPI
import Primitives
import Synchronization
import Telemetry
import TelemetrySinks
import Wire

/// The agent: wires the parts together, starts and stops them. It owns no rules.
package final class Agent: Sendable {
    /// The parts that a reload, a start or a stop replaces.
    struct Changing {
        var config: RuntimeConfig
        var servers: [HTTPServer] = []
        var dns: DNSServer?
        var context: AgentContext?
        var tasks: [Task<Void, Never>] = []
        var pidFile: PIDFile?
        var isStopping = false
        /// True from a SIGHUP until a reload begins.
        var isReloadDue = false
        /// Caught from the start on, so that no signal ends the process during it.
        var signals: AsyncStream<ProcessSignal>?
    }

    let sources: ConfigSources
    /// The configuration's faults that do not prevent the start.
    let tolerated: [ConfigError]
    let host: PluginHost
    let changing: Mutex<Changing>
    let loops: EventLoops
    let client: ProbeClient
    let logSink: LogSink
    let metrics: MetricsService
    let logger: Logger
    let clock = RealClock()
    package let nodeID: String
    let nodeMeta: CurrentNode
    let startedAt: Instant

    let backend: any Backend
    let serverBackend: ServerBackend?
    let membership: GossipMembership
    let local: LocalState
    let runners: CheckRunners
    let registrar: Registrar
    let antiEntropy: AntiEntropy
    let watches: WatchManager
    let responders: Responders
    let eventLog: EventLog
    let eventDelivery: EventDelivery
    let events = UserEventBuffer()
    let notify = NotifySocket()
    let reloads = ReloadQueue()

    /// Receives one value when the agent has stopped: whether it left gracefully.
    let ended: AsyncStream<Bool>
    let endedFeed: AsyncStream<Bool>.Continuation

    package var config: RuntimeConfig { changing.withLock { $0.config } }
    package var registry: PluginRegistry { host.registry }

    /// Makes all parts. No part listens or runs before `start`.
    /// - Parameters:
    ///   - plugins: the built-in ones.
    ///   - host: has loaded `config` and runs the external ones; by default there are none until a
    ///     reload finds some.
    ///   - tolerated: the configuration's faults that do not prevent the start.
    package init(
        config: RuntimeConfig, sources: ConfigSources, plugins: [Plugin], logSink: LogSink,
        host: PluginHost? = nil, tolerated: [ConfigError] = []
    ) throws(ConsulAgentError) {
        self.sources = sources
        self.tolerated = tolerated
        self.logSink = logSink
        let plugged: PluginHost
        if let host { plugged = host } else { plugged = try PluginHost(builtIn: plugins) }
        self.host = plugged
        plugged.attach(logSink.logger("agent.plugin"))
        logger = logSink.logger("agent")
        startedAt = SystemClock.now()
        loops = EventLoops(count: Self.loopCount, watches: true)
        (ended, endedFeed) = AsyncStream.makeStream()
        let measured = MetricRegistry()
        metrics = MetricsService(
            Self.metricsSetup(config), registry: measured, on: loops.group,
            logger: logSink.logger("agent"))

        let registry = plugged.registry
        let files = RegistrationFiles(directory: config.node.dataDir)
        do throws(ConsulError) {
            try files.makeFolders()
        } catch {
            throw .start(error.message)
        }
        Self.warnAboutLostState(config, logger)
        var random = SystemRandom.generator()
        nodeID = try NodeIdentity.id(config, random: &random)
        changing = Mutex(Changing(config: config))

        let local = LocalState(
            nodeName: config.node.name, now: SystemClock.now, wallText: SystemClock.wallText)
        self.local = local
        (backend, serverBackend) = try Self.backend(
            config, loops, nodeID: nodeID, seed: random.next(), registry: measured,
            logger: logger)
        // The last step after those that may throw: the client needs a shutdown.
        client = ProbeClient(on: loops.group)
        let questions = PoolQuestions()
        let members = MemberFeed([NodeIdentity.member(config, id: nodeID)])
        let builder = ServiceBuilder(
            backend: backend, local: local, clock: clock, client: client, loops: loops,
            files: files, logSink: logSink, registry: measured, members: members,
            questions: questions)
        runners = CheckRunners()
        registrar = builder.registrar(config, registry, runners, random)
        let reports = EventReports()
        watches = builder.watches(config, events: events, reports: reports)
        questions.listen { [watches] in watches.answersQuestions(named: $0) }
        eventLog = builder.eventLog(config)
        eventDelivery = EventDelivery(
            log: eventLog, nodeName: config.node.name, buffer: events, watches: watches,
            reports: reports, clock: clock, logger: logSink.logger("agent"),
            unixSeconds: SystemClock.coarseUnixSeconds)
        responders = Responders(builder.responderContext(config)) { plugged.registry }
        let id = nodeID
        nodeMeta = CurrentNode(NodeIdentity.node(config, id: id))
        antiEntropy = AntiEntropy(
            local: local, backend: backend, clock: clock, logger: logSink.logger("agent"),
            checkUpdateInterval: config.checkRules.updateInterval,
            node: { [nodeMeta] in nodeMeta.node })
        membership = GossipMembership(
            member: NodeIdentity.member(config, id: id), events: events, local: local,
            responders: responders, feed: members, questions: questions,
            logger: logSink.logger("agent"))
    }

    /// Warns that a server's state is lost: a node with an ID has started here before, and its raft
    /// folder is missing.
    private static func warnAboutLostState(_ config: RuntimeConfig, _ logger: Logger) {
        let folder = config.node.dataDir
        guard config.node.server, !config.devMode, Files.exists("\(folder)/node-id"),
            !Files.exists("\(folder)/raft")
        else { return }
        logger.warning(
            """
            this node has an ID and no raft folder: it starts with an empty state. If it was a \
            server, its state is lost; stop it and put the folder back, or restore a snapshot
            """,
            metadata: ["missing": "\(folder)/raft"])
    }

    private static let loopCount = max(1, min(System.coreCount, 16))

    package static func registry(_ plugins: [Plugin]) throws(ConsulAgentError) -> PluginRegistry {
        do throws(PluginAPIError) {
            return try PluginRegistry(plugins)
        } catch {
            throw .start("\(error)")
        }
    }

    private static func backend(
        _ config: RuntimeConfig, _ loops: EventLoops, nodeID: String, seed: UInt64,
        registry: MetricRegistry, logger: Logger
    ) throws(ConsulAgentError) -> (any Backend, ServerBackend?) {
        guard config.node.server else { return (NoServersBackend.noServers, nil) }
        var settings = ServerConfiguration()
        settings.datacenter = config.node.datacenter
        settings.rpcAddress = joinHostPort(config.listen.advertise, config.ports.server)
        settings.defaultQueryTime = config.limits.defaultQueryTime
        settings.maxQueryTime = config.limits.maxQueryTime
        if config.sessions.ttlMin > .zero { settings.sessionTTLMin = config.sessions.ttlMin }
        if config.sessions.ttlGrace > .zero { settings.sessionTTLGrace = config.sessions.ttlGrace }
        settings.seed = seed
        settings.nodeID = nodeID
        settings.nodeName = config.node.name
        // Shorter in development mode, as in HashiCorp's agent.
        if config.devMode { settings.coordinateUpdatePeriod = .milliseconds(100) }
        settings.bootstraps =
            config.devMode || config.node.bootstrap || config.node.bootstrapExpect == 1
        settings.raftMultiplier = Int64(config.raft.multiplier)
        settings.snapshotThreshold = UInt64(config.raft.snapshotThreshold)
        settings.snapshotInterval = config.raft.snapshotInterval
        settings.trailingLogs = UInt64(config.raft.trailingLogs)
        if !config.devMode { settings.raftDirectory = config.node.dataDir + "/raft" }
        let backend: ServerBackend
        do {
            backend = try ServerBackend(
                configuration: settings, group: loops.group, ownGroup: loops.watching,
                registry: registry, logger: logger)
        } catch {
            throw .start("Failed to start Raft: \(error)")
        }
        return (backend, backend)
    }
}
