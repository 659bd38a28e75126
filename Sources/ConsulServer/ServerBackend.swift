package import ConsulModel
internal import ConsulState
package import Logging
internal import NIOCore
package import NIOPosix
internal import Platform
internal import Primitives
internal import Raft
internal import RaftNode
package import Telemetry

/// The backend of a server: answers calls on the calling thread, reads at once from the newest
/// view, and passes on those that another server must answer.
package final class ServerBackend: Backend {
    package let configuration: ServerConfiguration
    package let state: PublishedState
    package let hub: WaiterHub
    package let log: RaftLog
    private let table: EndpointTable
    private let metrics: ServerMetrics
    private let leader: LeaderLoop
    let registration: SelfRegistration
    let sessionTimers: SessionTimers
    let expirer: KeyExpirer
    let coordinateUpdates: CoordinateUpdates
    /// The threads that wait for the disk; nil in memory.
    private let raftGroup: MultiThreadedEventLoopGroup?
    private let durable: DurableRaft?

    /// Opens the stored log, if there is one. `start` begins.
    ///
    /// - Parameters:
    ///   - group: the event loops that calls come from; blocking queries wait on them.
    ///   - ownGroup: the loops of the agent's own queries.
    ///   - links: the connections to other servers; none for a server that is alone.
    ///   - registry: receives the server's metrics.
    ///   - dutyClock: the time of the leader's duties; nil for the system's, on a loop of `group`.
    /// - Throws: `RaftNodeError` for a store that cannot be used; it names file and offset.
    package init(
        configuration: ServerConfiguration, group: MultiThreadedEventLoopGroup,
        ownGroup: MultiThreadedEventLoopGroup? = nil, links: ServerLinks = ServerLinks(),
        registry: MetricRegistry = MetricRegistry(), dutyClock: DutyClock? = nil,
        logger: Logger
    ) throws {
        let metrics = ServerMetrics(in: registry)
        self.metrics = metrics
        self.configuration = configuration
        state = PublishedState(StateView(store: StateStore(), index: 0))
        hub = WaiterHub(
            state: state, group: group, configuration: configuration, ownGroup: ownGroup)
        let lockDelays = LockDelays(clock: SystemClock.now)
        let applier = Applier(state: state, hub: hub, lockDelays: lockDelays, metrics: metrics)
        durable = try configuration.raftDirectory.map {
            try DurableRaft.open(directory: $0, machine: applier, logger: logger)
        }
        raftGroup = durable.map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 2) }
        let threads = raftGroup ?? group
        let node = RaftNode(
            configuration.raftSetup(RaftMetrics(in: registry)),
            stored: durable?.stored ?? StoredState(),
            log: durable?.log ?? MemoryLogStore(),
            snapshots: durable?.snapshots ?? SnapshotKeeper(), machine: applier,
            transport: links.raft, loop: threads.next(), background: threads.next(),
            clock: SystemClock.now, logger: logger)
        log = RaftLog(
            node: node, applier: applier, seed: configuration.seed &+ 1, metrics: metrics,
            clock: SystemClock.now)
        let duty = DutyContext(
            log: log, state: state, clock: dutyClock ?? DutyClock(loop: group.next()),
            logger: logger, metrics: metrics)
        sessionTimers = SessionTimers(duty, grace: configuration.sessionTTLGrace)
        registration = SelfRegistration(duty)
        expirer = KeyExpirer(duty)
        coordinateUpdates = CoordinateUpdates(
            duty, period: configuration.coordinateUpdatePeriod)
        leader = LeaderLoop(
            duty,
            [
                sessionTimers, registration, TombstoneReaper(duty), expirer, coordinateUpdates,
            ])
        let host = ReadHost(
            configuration: configuration, state: state, hub: hub, log: log, metrics: metrics)
        let router = CallRouter(
            datacenter: configuration.datacenter, log: log, forwarder: links.calls,
            judge: links.judge, metrics: metrics)
        var table = EndpointTable(host: host, router: router, log: log, metrics: metrics)
        KVSHandlers.register(in: &table, lockDelays: lockDelays, expirer: expirer)
        TxnHandlers.register(in: &table, lockDelays: lockDelays, expirer: expirer)
        SessionHandlers.register(in: &table, timers: sessionTimers)
        CatalogHandlers.register(in: &table)
        HealthHandlers.register(in: &table)
        CoordinateHandlers.register(in: &table, updates: coordinateUpdates)
        StatusHandlers.register(in: &table)
        OperatorHandlers.register(in: &table)
        // The duties begin again with a restored state: its sessions have no timers yet.
        SnapshotHandlers.register(in: &table) { [leader] in leader.begin() }
        self.table = table
        metrics.observe(self)
    }

    /// Joins the server's group. A server that may bootstrap begins one when nothing is stored.
    package func start() {
        let me = Server(id: configuration.nodeID, address: configuration.rpcAddress)
        log.whenReady { [leader] in leader.begin() }
        if configuration.bootstraps {
            // Refused when a group exists, as intended.
            log.node.bootstrap(Configuration(servers: [me])) { _ in }
        }
        log.node.start()
    }

    /// Whether this server belongs to a group of servers: it would bootstrap one, or has one
    /// stored.
    package var hasGroup: Bool {
        guard let stored = durable?.stored else { return configuration.bootstraps }
        return configuration.bootstraps || stored.snapshot != nil
            || !stored.configurations.isEmpty
    }

    /// The servers in the log when this one is not among them, each as "ID (address)". It can
    /// neither vote nor lead then.
    package var groupWithoutSelf: [String] {
        guard let stored = durable?.stored else { return [] }
        let group = stored.configurations.last?.configuration ?? stored.snapshot?.configuration
        guard let group, group[configuration.nodeID] == nil else { return [] }
        return StoredGroup.texts(group)
    }

    /// Calls `body` once, on any thread, when the log fails for good: this server can neither write
    /// nor answer reads, and its process must end.
    package func onStop(_ body: @escaping @Sendable (String) -> Void) { log.node.onStop(body) }

    /// True when this server is its whole group, leads, and its log works.
    var isAloneAndLeads: Bool {
        let status = log.node.status
        let voters = status.configuration.servers.filter { $0.suffrage == .voter }
        return log.leadership.isReady && status.stopped == nil
            && voters.map(\.id) == [configuration.nodeID]
    }

    /// Stops the server. Answered writes are stored already; pending ones are refused.
    package func stop() async {
        leader.end()
        await log.node.stop()
        try? durable?.log.close()
        try? await raftGroup?.shutdownGracefully()
    }

    /// Nil while this server does not lead: its state may be behind.
    package func catalogVersion(of part: CatalogPart) -> UInt64? {
        guard log.leadership.isReady else { return nil }
        let view = state.load()
        let catalog = view.store.catalog
        let places = view.store.coordinates
        let index =
            switch part {
            case .whole: catalog.catalogIndex
            case .wholeByRoundTrip: max(catalog.catalogIndex, places.index)
            case .service(let name): catalog.version(ofService: name)
            case .serviceByRoundTrip(let name):
                max(catalog.version(ofService: name), catalog.nodesIndex, places.index)
            case .node(let name): catalog.node(name)?.raftIndex.modifyIndex ?? 0
            }
        return view.version(index)
    }

    @discardableResult
    package func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        guard let handler = table.handler(for: endpoint) else {
            Self.refuse(endpoint, reply)
            return nil
        }
        metrics.calls.increment()
        return handler.body(request, reply)
    }

    /// Answers a call of another server, as bytes. It is routed as a call of this process is.
    ///
    /// - Parameter body: the request in MessagePack.
    @discardableResult
    package func call(
        _ method: RPCMethod, _ body: [UInt8],
        reply: @escaping @Sendable (Result<[UInt8], ConsulError>) -> Void
    ) -> (any PendingCall)? {
        guard let handler = table.wireHandler(for: method) else {
            reply(.failure(.noMethod(method)))
            return nil
        }
        metrics.calls.increment()
        return handler(body, reply)
    }

    /// Not inlined: the metadata of the result's type would be looked up for every call.
    @inline(never)
    private static func refuse<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        _ reply: @Sendable (Result<Response, ConsulError>) -> Void
    ) {
        reply(.failure(.noMethod(endpoint.method)))
    }
}

extension ConsulError {
    fileprivate static func noMethod(_ method: RPCMethod) -> ConsulError {
        ConsulError(.internal, "rpc: can't find method \(method.name)")
    }
}

extension ServerConfiguration {
    func raftSetup(_ metrics: RaftMetrics) -> RaftNode.Setup {
        var options = RaftOptions(multiplier: raftMultiplier)
        options.snapshotThreshold = snapshotThreshold
        options.snapshotInterval = snapshotInterval
        options.trailingLogs = trailingLogs
        return RaftNode.Setup(
            id: nodeID, address: rpcAddress, options: options, seed: seed,
            drivesOnCallers: raftDirectory == nil, metrics: metrics)
    }
}
