import ConsulModel
import HTTPTransport
import LocalAgent
import PluginAPI
import Wire

let agentCheckRoutes = [
    Route("/v1/agent/checks", ("GET", .inAction(.service, .read), .direct(AgentCheckRoutes.list))),
    Route(
        "/v1/agent/check/register",
        ("PUT", .inAction(.service, .write), .task(AgentCheckRoutes.register))),
    Route(
        "/v1/agent/check/deregister/", ("PUT", .check(.write), .task(AgentCheckRoutes.deregister))),
    Route("/v1/agent/check/pass/", ("PUT", .check(.write), .task(AgentCheckRoutes.pass))),
    Route("/v1/agent/check/warn/", ("PUT", .check(.write), .task(AgentCheckRoutes.warn))),
    Route("/v1/agent/check/fail/", ("PUT", .check(.write), .task(AgentCheckRoutes.fail))),
    Route("/v1/agent/check/update/", ("PUT", .check(.write), .task(AgentCheckRoutes.update))),
    Route("/v1/agent/check/run/", ("PUT", .check(.write), .task(AgentCheckRoutes.runNow))),
    Route("/v1/agent/check/history/", ("GET", .check(.read), .direct(AgentCheckRoutes.history))),
]

/// The checks of this agent: `/v1/agent/check…`.
enum AgentCheckRoutes {
    @Sendable static func list(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        let checks = exchange.agent.local.checks.mapValues { $0.check }
        exchange.responder.respond(
            exchange.json(try exchange.filtered(checks, judgesEach: true)))
    }

    @Sendable static func register(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try exchange.query.refuseNamespace()
        var definition = try exchange.body(CheckDefinition.self)
        if definition.token.isEmpty { definition.token = exchange.token }
        guard !definition.name.isEmpty else {
            throw ConsulError(.badRequest, "Missing check name")
        }
        if !definition.status.isEmpty, CheckStatus(rawValue: definition.status) == nil {
            throw ConsulError(.badRequest, "Bad check status")
        }
        try await exchange.agent.registrar.register(definition, source: .api)
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    @Sendable static func deregister(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try exchange.query.refuseNamespace()
        let id = try exchange.requireSubject("Missing check ID")
        guard exchange.agent.local.check(id) != nil else {
            return try exchange.unknownDeregistered("check", id)
        }
        try await exchange.agent.registrar.deregister(check: id)
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    // MARK: Heartbeats

    @Sendable static func pass(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        try await heartbeat(exchange, .passing, output: exchange.query["note"])
    }

    @Sendable static func warn(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        try await heartbeat(exchange, .warning, output: exchange.query["note"])
    }

    @Sendable static func fail(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        try await heartbeat(exchange, .critical, output: exchange.query["note"])
    }

    @Sendable static func update(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let update = try exchange.body(CheckUpdate.self)
        guard let status = CheckStatus(rawValue: update.status) else {
            throw ConsulError(.badRequest, "Invalid check status: '\(update.status)'")
        }
        return try await heartbeat(exchange, status, output: update.output)
    }

    private static func heartbeat(
        _ exchange: Exchange, _ status: CheckStatus, output: String
    ) async throws(ConsulError) -> HTTPResponse {
        try exchange.query.refuseNamespace()
        let agent = exchange.agent
        try agent.runners.heartbeat(
            exchange.subject, CheckObservation(status, output, isFinal: true))
        guard let check = agent.local.check(exchange.subject) else { return Exchange.empty }
        await agent.registrar.keepHeartbeat(
            exchange.subject, status, output: check.check.output)
        if !check.isInSync { await agent.antiEntropy.settle() }
        return Exchange.empty
    }

    // MARK: Beyond Consul

    /// Probes at once and returns the result, which also counts as the check's.
    @Sendable static func runNow(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let id = try exchange.requireSubject("Missing check ID")
        let observation = try await exchange.agent.runners.runNow(id)
        if exchange.agent.local.check(id)?.isInSync == false {
            await exchange.agent.antiEntropy.settle()
        }
        var update = CheckUpdate()
        update.status = observation.status.rawValue
        update.output = observation.output
        return exchange.json(update)
    }

    /// The last changes of a check's status.
    @Sendable static func history(_ exchange: Exchange) throws(ConsulError) {
        let id = try exchange.requireSubject("Missing check ID")
        guard let check = exchange.agent.local.check(id) else {
            throw ConsulError(.notFound, "unknown check ID: \(id)")
        }
        exchange.responder.respond(exchange.json(check.history))
    }
}

/// The body of `/v1/agent/check/update/:id`.
private struct CheckUpdate: Record {
    var status = ""
    var output = ""
    init() {}
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Status", &status)
        try visit.field("Output", &output)
    }
}
