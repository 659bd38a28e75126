import ConsulModel
import HTTPTransport
import LocalAgent
import Logging
import Platform
import PluginAPI
import Primitives
import Vivaldi
import Wire

let agentRoutes = [
    Route("/v1/agent/self", ("GET", .agentRead, .direct(AgentRoutes.selfDescription))),
    Route("/v1/agent/members", ("GET", .inAction(.node, .read), .direct(AgentRoutes.members))),
    Route("/v1/agent/plugins", ("GET", .agentRead, .direct(AgentRoutes.plugins))),
    Route("/v1/agent/reload", ("PUT", .agentWrite, .task(AgentRoutes.reload))),
    Route("/v1/agent/leave", ("PUT", .agentWrite, .direct(AgentRoutes.leave))),
    Route("/v1/agent/join/", ("PUT", .agentWrite, .task(AgentRoutes.join))),
    Route("/v1/agent/force-leave/", ("PUT", .operatorWrite, .task(AgentRoutes.forceLeave))),
    Route(
        "/v1/agent/query/",
        ("PUT", .found(PoolQueryRoutes.permission), .task(PoolQueryRoutes.ask))),
    Route("/v1/agent/maintenance", ("PUT", .nodeWrite, .task(AgentRoutes.maintenance))),
    Route("/v1/agent/ready", ("GET", .open, .direct(AgentRoutes.ready))),
    Route("/v1/agent/live", ("GET", .open, .direct(AgentRoutes.live))),
    Route("/v1/agent/monitor", ("GET", .agentRead, .direct(AgentRoutes.monitor))),
]

/// The routes of `/v1/agent/…` about the agent itself.
enum AgentRoutes {
    @Sendable static func selfDescription(_ exchange: Exchange) throws(ConsulError) {
        let agent = exchange.agent
        let (config, debug) = agent.configuration()
        var description = SelfDescription()
        description.config = config
        description.debugConfig = debug
        description.coordinate =
            exchange.active.settings.disablesCoordinates ? nil : agent.membership.coordinate
        description.member = agent.membership.localMember
        description.stats = agent.statistics()
        description.meta = agent.nodeMeta()
        exchange.responder.respond(exchange.json(description))
    }

    @Sendable static func members(_ exchange: Exchange) throws(ConsulError) {
        // `?wan` without a value counts as missing.
        let wan = !exchange.query["wan"].isEmpty
        if !["", "_all"].contains(exchange.query["segment"]) {
            throw ConsulError(
                .internal, "Network segments are not supported in this version of Consul")
        }
        exchange.responder.respond(
            exchange.json(exchange.agent.membership.members(wan: wan)))
    }

    @Sendable static func plugins(_ exchange: Exchange) throws(ConsulError) {
        exchange.responder.respond(exchange.json(exchange.agent.plugins()))
    }

    /// Reloads the configuration. Consul answers with an empty body. With `?report`, the answer
    /// names the changed settings and those that need a restart; with `?dry-run`, the settings that
    /// would change.
    @Sendable static func reload(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let report = try await exchange.agent.control.reload(
            isRehearsal: exchange.query.has("dry-run"))
        return exchange.query.has("report") ? exchange.json(report) : Exchange.empty
    }

    /// Answers before it leaves, because afterwards the agent is gone.
    @Sendable static func leave(_ exchange: Exchange) throws(ConsulError) {
        exchange.responder.respond(Exchange.empty)
        Task { await exchange.agent.control.leave() }
    }

    @Sendable static func join(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        let address = try exchange.requireSubject("Missing address")
        _ = try await exchange.agent.membership.join(
            [address], wan: !exchange.query["wan"].isEmpty)
        return Exchange.empty
    }

    @Sendable static func forceLeave(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let node = try exchange.requireSubject("Missing node name")
        try await exchange.agent.membership.forceLeave(
            node, prune: exchange.query.has("prune"))
        return Exchange.empty
    }

    @Sendable static func maintenance(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let enable = try exchange.maintenanceSwitch()
        try await exchange.agent.registrar.setMaintenance(
            enable, service: "", reason: exchange.query["reason"])
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    /// Answers 200 while the agent runs. Beyond Consul.
    @Sendable static func live(_ exchange: Exchange) throws(ConsulError) {
        exchange.responder.respond(.text(200, "live"))
    }

    /// Answers 200 while there is a leader, so that reads and writes can be served, else 503.
    /// Beyond Consul.
    @Sendable static func ready(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.statusLeader, DCSpecificRequest()) { leader in
            leader.isEmpty ? ErrorMapping.withoutLeader : .text(200, "ready")
        }
    }

    /// Streams log lines until the client disconnects: first recent ones, unless `?recent=false`
    /// omits them, then new ones. `?logjson` selects JSON.
    @Sendable static func monitor(_ exchange: Exchange) throws(ConsulError) {
        let wanted = exchange.query["loglevel"]
        let name = wanted.isEmpty ? "INFO" : wanted
        guard let level = Logger.Level(consul: name) else {
            throw ConsulError(.badRequest, "Bad request: Unknown log level: \(name)")
        }
        let form = exchange.query.has("logjson") ? LogForm.json : .text
        let showsRecent = exchange.query["recent"] != "false"
        let logger = exchange.agent.logger
        guard
            let watcher = exchange.agent.logSink?.watch(
                level: level, form: form, showsRecent: showsRecent)
        else {
            throw ConsulError(.tooManyRequests, "too many monitors: stop one first")
        }
        let stream = exchange.responder.respond(
            streaming: HTTPResponse(
                status: 200, headers: ["Content-Type": "text/plain; charset=utf-8"]))
        exchange.responder.onClose { watcher.cancel() }
        Task {
            for await line in watcher.lines {
                if !stream.write(line), stream.isClosed { break }
            }
            watcher.cancel()
            stream.end()
            if watcher.droppedLines > 0 {
                logger.warning(
                    "Dropped logs during monitor request",
                    metadata: ["dropped_count": "\(watcher.droppedLines)"])
            }
        }
    }
}

/// `/v1/agent/self`.
private struct SelfDescription: Record {
    var config = JSONValue.null
    var debugConfig = JSONValue.null
    var coordinate: Coordinate?
    var member = Member()
    var stats: [String: [String: String]] = [:]
    var meta: [String: String] = [:]
    init() {}
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Config", &config)
        try visit.field("DebugConfig", &debugConfig)
        try visit.field("Coord", &coordinate)
        try visit.field("Member", &member)
        try visit.field("Stats", &stats)
        try visit.field("Meta", &meta)
    }
}

extension Exchange {
    /// Answers the deregistration of an unknown ID: success, as in Consul 1.8, or with
    /// `http_config.deregister_unknown_404` the error of newer versions.
    func unknownDeregistered(_ kind: String, _ id: String) throws(ConsulError) -> HTTPResponse {
        guard active.settings.refusesUnknownDeregistration else { return Exchange.empty }
        throw ConsulError(
            .notFound,
            "Unknown \(kind) ID \(GoText.quoted(id)). Ensure that the \(kind) ID is passed, not "
                + "the \(kind) name.")
    }

    /// Reads `?enable=true|false`; errors are in Consul's words.
    func maintenanceSwitch() throws(ConsulError) -> Bool {
        guard query.has("enable") else {
            throw ConsulError(.badRequest, "Missing value for enable")
        }
        switch query["enable"] {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        case let value:
            throw ConsulError(.badRequest, "Invalid value for enable: \"\(value)\"")
        }
    }
}
