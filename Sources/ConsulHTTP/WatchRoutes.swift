import ConsulModel
import HTTPTransport
import LocalAgent
import Wire

let watchRoutes = [
    Route(
        "/v1/agent/watches", ("GET", .agentRead, .direct(WatchRoutes.list)),
        ("PUT", .agentWrite, .task(WatchRoutes.add))),
    Route(
        "/v1/agent/watches/", ("GET", .agentRead, .direct(WatchRoutes.one)),
        ("PUT", .agentWrite, .direct(WatchRoutes.act)),
        ("DELETE", .agentWrite, .task(WatchRoutes.remove))),
]

/// `/v1/agent/watches[/:id]`: beyond Consul. The ID may contain slashes; `?action=` names the
/// action.
enum WatchRoutes {
    @Sendable static func list(_ exchange: Exchange) throws(ConsulError) {
        exchange.responder.respond(exchange.json(exchange.agent.watches.statuses))
    }

    @Sendable static func one(_ exchange: Exchange) throws(ConsulError) {
        guard let status = exchange.agent.watches.status(of: exchange.subject) else {
            throw unknown(exchange)
        }
        exchange.responder.respond(exchange.json(status))
    }

    @Sendable static func add(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        let definition = try exchange.body(WatchDefinition.self)
        let id = try exchange.agent.watches.add(definition)
        return exchange.json(["ID": id])
    }

    @Sendable static func remove(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        try exchange.agent.watches.remove(exchange.subject)
        return Exchange.empty
    }

    @Sendable static func act(_ exchange: Exchange) throws(ConsulError) {
        let watches = exchange.agent.watches
        let isKnown: Bool
        switch exchange.query["action"] {
        case "pause": isKnown = watches.pause(exchange.subject)
        case "resume": isKnown = watches.resume(exchange.subject)
        case "trigger": isKnown = watches.trigger(exchange.subject)
        default:
            throw ConsulError(.badRequest, "?action must be pause, resume or trigger")
        }
        guard isKnown else { throw unknown(exchange) }
        exchange.responder.respond(Exchange.empty)
    }

    private static func unknown(_ exchange: Exchange) -> ConsulError {
        ConsulError(.notFound, "no watch named \"\(exchange.subject)\"")
    }
}
