import ConsulModel
import HTTPTransport
import LocalAgent
import Watch
import Wire

let agentServiceRoutes = [
    Route(
        "/v1/agent/services",
        ("GET", .inAction(.service, .read), .direct(AgentServiceRoutes.list))),
    Route(
        "/v1/agent/service/register",
        ("PUT", .inAction(.service, .write), .task(AgentServiceRoutes.register))),
    Route(
        "/v1/agent/service/deregister/",
        ("PUT", .service(.write), .task(AgentServiceRoutes.deregister))),
    Route(
        "/v1/agent/service/maintenance/",
        ("PUT", .service(.write), .task(AgentServiceRoutes.maintenance))),
    Route("/v1/agent/service/", ("GET", .service(.read), .direct(AgentServiceRoutes.one))),
    Route(
        "/v1/agent/health/service/name/",
        ("GET", .subject(.service, .read), .direct(AgentServiceRoutes.healthByName))),
    Route(
        "/v1/agent/health/service/id/",
        ("GET", .service(.read), .direct(AgentServiceRoutes.healthByID))),
]

/// The services of this agent: `/v1/agent/service…`.
enum AgentServiceRoutes {
    @Sendable static func list(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        let services = exchange.agent.local.services.mapValues { AgentService($0.service) }
        exchange.responder.respond(exchange.json(try exchange.filtered(services)))
    }

    @Sendable static func register(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try exchange.query.refuseNamespace()
        var definition = try exchange.body(ServiceDefinition.self)
        if definition.token.isEmpty { definition.token = exchange.token }
        guard !definition.name.isEmpty else {
            throw ConsulError(.badRequest, "Missing service name")
        }
        try refuse(definition)
        try StrictBody.check(
            definition.connect?.sidecarService ?? .null, as: ServiceDefinition.self)
        try await exchange.agent.registrar.register(
            definition, source: .api,
            replacesChecks: exchange.query.has("replace-existing-checks"))
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    /// Refuses faults that only the API refuses, in Consul's words; a fragment's faults are
    /// reported with their positions.
    private static func refuse(_ definition: ServiceDefinition) throws(ConsulError) {
        if definition.nodeService.hasUnspecifiedAddress {
            throw ConsulError(.badRequest, "Invalid service address")
        }
        if let weights = definition.weights, weights.passing < 1 || weights.warning < 0 {
            throw ConsulError(
                .badRequest,
                weights.passing < 1
                    ? "Invalid Weights: Passing must be greater than 0"
                    : "Invalid Weights: Warning must be greater or equal than 0")
        }
        if let weights = definition.weights, max(weights.passing, weights.warning) > 65535 {
            throw ConsulError(
                .badRequest, "Invalid Weights: DNS Weight must be between 0 and 65535")
        }
        if ServiceKind.known.contains(definition.kind),
            let fault = definition.nodeService.kindFault
        {
            throw ConsulError(.badRequest, fault)
        }
        if let fault = MetaRules.fault(in: definition.meta) {
            throw ConsulError(.badRequest, "Invalid Service Meta: \(fault)")
        }
        for check in definition.allChecks
        where !check.status.isEmpty && CheckStatus(rawValue: check.status) == nil {
            throw ConsulError(
                .badRequest, "Status for checks must 'passing', 'warning', 'critical'")
        }
    }

    @Sendable static func deregister(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        try exchange.query.refuseNamespace()
        let id = try exchange.requireSubject("Missing service ID")
        guard exchange.agent.local.service(id) != nil else {
            return try exchange.unknownDeregistered("service", id)
        }
        try await exchange.agent.registrar.deregister(service: id)
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    @Sendable static func maintenance(_ exchange: Exchange) async throws(ConsulError)
        -> HTTPResponse
    {
        let id = try exchange.requireSubject("Missing service ID")
        let enable = try exchange.maintenanceSwitch()
        guard exchange.agent.local.service(id) != nil else {
            throw ConsulError(.notFound, "No service registered with ID \"\(id)\"")
        }
        try await exchange.agent.registrar.setMaintenance(
            enable, service: id, reason: exchange.query["reason"])
        await exchange.agent.antiEntropy.settle()
        return Exchange.empty
    }

    /// Blocks on the content's hash (`?hash=`), not on an index.
    @Sendable static func one(_ exchange: Exchange) throws(ConsulError) {
        let id = exchange.subject
        try exchange.query.refuseNamespace()
        let options = try exchange.query.waiting()
        let hash = exchange.query["hash"]
        guard exchange.agent.local.service(id) != nil else {
            throw LocalAgentError.unknownServiceID(id)
        }
        let local = exchange.agent.local
        let pending = LocalServiceRead.read(
            id, after: hash.isEmpty ? nil : .hash(hash), in: local
        ) { _ in exchange.responder.respond(current(id, exchange)) }
        exchange.waitAtMost(options.maxQueryTime, for: pending)
    }

    private static func current(_ id: String, _ exchange: Exchange) -> HTTPResponse {
        guard let service = exchange.agent.local.service(id) else {
            return ErrorMapping.response(for: LocalAgentError.unknownServiceID(id))
        }
        let shown = AgentService(service.service).hashed
        var response = exchange.json(shown)
        response.headers.add(name: "X-Consul-Contenthash", value: shown.contentHash)
        return response
    }

    // MARK: Health as one status

    @Sendable static func healthByName(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        let name = try exchange.requireSubject("Missing service Name")
        let found = exchange.agent.local.services.values
            .filter { $0.service.service == name }
            .sorted { $0.service.id < $1.service.id }
            .map { AggregatedHealth($0.service, in: exchange.agent.local) }
        let worst = found.map { $0.worst }.max()
        answer(
            exchange, worst, missing: "ServiceName \(name) Not Found", exchange.json(found))
    }

    @Sendable static func healthByID(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        let id = try exchange.requireSubject("Missing serviceID")
        guard let service = exchange.agent.local.service(id)?.service else {
            return nothing(exchange, "ServiceId \(id) not found")
        }
        let found = AggregatedHealth(service, in: exchange.agent.local)
        answer(exchange, found.worst, missing: "", exchange.json(found))
    }

    /// `?format=text`, or an `Accept` header that prefers plain text.
    private static func wantsText(_ exchange: Exchange) -> Bool {
        exchange.query["format"] == "text"
            || exchange.request.headers.first(name: "Accept")?.hasPrefix("text/plain") == true
    }

    private static func nothing(_ exchange: Exchange, _ reason: String) {
        var health = AggregatedHealth()
        health.status = CheckStatus.critical.rawValue
        var response =
            wantsText(exchange)
            ? exchange.json(reason, status: 404) : exchange.json(health, status: 404)
        response.headers.add(name: "X-Consul-Reason", value: reason)
        exchange.responder.respond(response)
    }

    private static func answer(
        _ exchange: Exchange, _ status: CheckStatus?, missing: String, _ json: HTTPResponse
    ) {
        var response = json
        if wantsText(exchange) {
            response = HTTPResponse(
                status: 200, headers: ["Content-Type": "text/plain"],
                body: Array((status?.rawValue ?? missing).utf8))
        }
        switch status {
        case .passing: response.status = 200
        case .warning: response.status = 429
        case .critical: response.status = 503
        case nil: response.status = 404
        }
        response.headers.add(name: "X-Consul-Reason", value: status?.rawValue ?? missing)
        exchange.responder.respond(response)
    }
}

/// A service of this agent with its checks and the worst of their states.
private struct AggregatedHealth: Record {
    var worst = CheckStatus.passing
    var status = ""
    var service: AgentService?
    var checks: [HealthCheck] = []
    init() {}
    init(_ service: NodeService, in local: LocalState) {
        self.service = AgentService(service)
        checks = local.checks(ofService: service.id) ?? []
        worst = checks.map { CheckStatus(rawValue: $0.status) ?? .critical }.max() ?? .passing
        status = worst.rawValue
    }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("AggregatedStatus", &status)
        try visit.field("Service", &service)
        try visit.field("Checks", &checks, .nullWhenEmpty)
    }
}
