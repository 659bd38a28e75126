import ConsulModel
import HTTPTransport
import LocalAgent
import NIOCore
import Primitives
import Wire

let eventRoutes = [
    Route("/v1/event/fire/", ("PUT", .eventWrite, .direct(EventRoutes.fire))),
    Route("/v1/event/list", ("GET", .inAction(.event, .read), .direct(EventRoutes.list))),
    Route("/v1/event/status/", ("GET", .inAction(.event, .read), .task(EventRoutes.status))),
]

/// `/v1/event/…`.
enum EventRoutes {
    @Sendable static func fire(_ exchange: Exchange) throws(ConsulError) {
        var event = UserEvent()
        event.name = try exchange.requireSubject("Missing name")
        event.payload = Bytes(exchange.request.body)
        event.nodeFilter = exchange.query["node"]
        event.serviceFilter = exchange.query["service"]
        event.tagFilter = exchange.query["tag"]
        if event.serviceFilter.isEmpty, !event.tagFilter.isEmpty {
            throw ConsulError(
                .internal, "Cannot provide tag filter without service filter")
        }
        try refuse(event.nodeFilter, "node")
        try refuse(event.serviceFilter, "service")
        try refuse(event.tagFilter, "tag")
        let datacenter = exchange.query["dc"]
        if !datacenter.isEmpty, datacenter != exchange.active.settings.datacenter {
            throw .noPathToDatacenter
        }
        var random = SystemRandomNumberGenerator()
        event.id = UUIDText.random(using: &random)
        if exchange.query.has("reliable") {
            return try fireReliably(event, exchange)
        }
        try exchange.agent.membership.fire(event)
        exchange.responder.respond(exchange.json(event))
    }

    /// Fires through the event log instead of gossip.
    private static func fireReliably(
        _ event: UserEvent, _ exchange: Exchange
    ) throws(ConsulError) {
        let text = exchange.query["keep"]
        guard let retention = text.isEmpty ? Limits.reliableRetention : GoDuration(text) else {
            throw ConsulError(.badRequest, "keep is no duration, such as 72h: \(text)")
        }
        Task {
            do throws(ConsulError) {
                let entered = try await exchange.agent.eventLog.fire(event, retention: retention)
                exchange.responder.respond(exchange.json(entered))
            } catch {
                exchange.responder.respond(ErrorMapping.response(for: error))
            }
        }
    }

    /// Answers with the nodes' acknowledgements of a reliable event, or of all events in the log.
    @Sendable static func status(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        let id = exchange.subject
        if id.isEmpty { return exchange.json(try await exchange.agent.eventLog.statuses()) }
        guard let status = try await exchange.agent.eventLog.status(of: id) else {
            throw ConsulError(.notFound, "the event log has no event \(id)")
        }
        return exchange.json(status)
    }

    /// A filter must be a valid regular expression, even when this agent has no service for it.
    private static func refuse(_ pattern: String, _ name: String) throws(ConsulError) {
        do throws(TextPattern.Fault) {
            _ = try TextPattern(pattern)
        } catch {
            throw ConsulError(.internal, "Invalid \(name) filter: \(error)")
        }
    }

    @Sendable static func list(_ exchange: Exchange) throws(ConsulError) {
        let options = try exchange.query.waiting()
        let name = exchange.query["name"]
        let pending = exchange.agent.events.read(named: name, after: options.minQueryIndex) {
            events, index in
            var headers: HeaderFields = ["Content-Type": "application/json"]
            headers.add(name: "X-Consul-Index", value: String(index))
            var response = exchange.json(events)
            response.headers = headers
            exchange.responder.respond(response)
        }
        exchange.waitAtMost(options.maxQueryTime, for: pending)
    }
}

extension Exchange {
    /// Bounds a wait inside the agent, as the servers bound a blocking query: by the settings, plus
    /// a random part of up to a sixteenth, so that clients do not return all at once. After that,
    /// or when the client disconnects, the call is cancelled and answers with the present state.
    func waitAtMost(_ wait: GoDuration, for pending: (any PendingCall)?) {
        guard let pending else { return }
        let asked = wait > .zero ? wait : active.settings.defaultQueryTime
        let bounded = min(asked, active.settings.maxQueryTime).nanoseconds
        let wait = bounded + Int64.random(in: 0...(bounded / 16))
        let timer = request.eventLoop.scheduleTask(in: .nanoseconds(wait)) {
            pending.cancel()
        }
        responder.onClose {
            timer.cancel()
            pending.cancel()
        }
    }
}
