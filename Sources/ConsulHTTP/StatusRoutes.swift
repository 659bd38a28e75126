import ConsulModel
import HTTPTransport

let statusRoutes = [
    Route("/v1/status/leader", ("GET", .direct(StatusRoutes.leader))),
    Route("/v1/status/peers", ("GET", .direct(StatusRoutes.peers))),
]

/// `/v1/status/…`.
enum StatusRoutes {
    @Sendable static func leader(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.statusLeader, try request(exchange)) { exchange.json($0) }
    }

    @Sendable static func peers(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.statusPeers, try request(exchange)) { exchange.json($0) }
    }

    /// Ignores `?ns`, as Consul does here.
    private static func request(_ exchange: Exchange) throws(ConsulError) -> DCSpecificRequest {
        DCSpecificRequest(try exchange.query.optionsIgnoringNamespace(token: exchange.token))
    }
}
