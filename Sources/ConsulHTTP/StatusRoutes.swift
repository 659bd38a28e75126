import ConsulModel
import HTTPTransport

let statusRoutes = [
    Route("/v1/status/leader", ("GET", .direct(StatusRoutes.leader))),
    Route("/v1/status/peers", ("GET", .direct(StatusRoutes.peers))),
]

/// `/v1/status/…`.
enum StatusRoutes {
    @Sendable static func leader(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.statusLeader, try exchange.statusQuery()) { exchange.json($0) }
    }

    @Sendable static func peers(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.statusPeers, try exchange.statusQuery()) { exchange.json($0) }
    }
}

extension Exchange {
    /// Consul looks at no namespace here.
    fileprivate func statusQuery() throws(ConsulError) -> NamedQuery {
        NamedQuery("", try query.consistency(token: token))
    }
}
