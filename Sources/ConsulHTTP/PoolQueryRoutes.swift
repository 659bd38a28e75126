import ConsulModel
import HTTPTransport
import LocalAgent
import Primitives
import Wire

/// `/v1/agent/query/…`: questions to the members of the pool. Beyond Consul.
enum PoolQueryRoutes {
    /// A question runs handlers on other nodes, as an event does; a ping runs none.
    @Sendable static func permission(_ exchange: Exchange) -> Permission {
        exchange.subject == "_serf_ping"
            ? Permission(.agent, .read, exchange.agent.local.nodeName)
            : Permission(.event, .write, exchange.subject)
    }

    @Sendable static func ask(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        var query = PoolQuery()
        query.name = try exchange.requireSubject("Missing name")
        query.payload = Bytes(exchange.request.body)
        query.nodes = exchange.query.all("node")
        query.wantsAcks = exchange.query.has("ack")
        for text in exchange.query.all("tag") {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ConsulError(.badRequest, "Bad request: tag is not tag=expression: \(text)")
            }
            do throws(TextPattern.Fault) {
                _ = try TextPattern(String(parts[1]))
            } catch {
                throw ConsulError(.badRequest, "Bad request: Invalid tag filter: \(error)")
            }
            query.tags[String(parts[0])] = String(parts[1])
        }
        let timeout = exchange.query["timeout"]
        if !timeout.isEmpty {
            guard let wait = GoDuration(timeout), wait > .zero, wait <= Limits.poolQueryTimeMax
            else {
                throw ConsulError(
                    .badRequest,
                    "Bad request: timeout must be above 0 and at most "
                        + "\(Limits.poolQueryTimeMax): \(timeout)")
            }
            query.timeout = wait
        }
        query.relayFactor = try KeyringRoutes.relayFactor(exchange.query["relay-factor"])
        return exchange.json(try await exchange.agent.membership.query(query))
    }
}
