import ConsulModel
import HTTPTransport

let operatorRoutes = [
    Route("/v1/operator/raft/configuration", ("GET", .direct(OperatorRoutes.configuration))),
    Route("/v1/operator/raft/peer", ("DELETE", .direct(OperatorRoutes.removePeer))),
    Route(
        "/v1/operator/keyring",
        ("GET", .keyringRead, .task(KeyringRoutes.list)),
        ("POST", .keyringWrite, .task(KeyringRoutes.install)),
        ("PUT", .keyringWrite, .task(KeyringRoutes.use)),
        ("DELETE", .keyringWrite, .task(KeyringRoutes.remove))),
]

/// `/v1/operator/…`.
enum OperatorRoutes {
    @Sendable static func configuration(_ exchange: Exchange) throws(ConsulError) {
        let request = DCSpecificRequest(try exchange.options())
        exchange.call(.operatorRaftConfiguration, request) { exchange.json($0) }
    }

    @Sendable static func removePeer(_ exchange: Exchange) throws(ConsulError) {
        var request = RaftRemovePeerRequest()
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        request.id = exchange.query["id"]
        request.address = exchange.query["address"]
        if !request.id.isEmpty, !request.address.isEmpty {
            throw ConsulError(
                .badRequest, "Bad request: Must specify only one of ?id or ?address")
        }
        if request.id.isEmpty, request.address.isEmpty {
            throw ConsulError(
                .badRequest,
                "Bad request: Must specify either ?id with the server's ID or ?address with "
                    + "IP:port of peer to remove")
        }
        exchange.call(
            request.id.isEmpty ? .operatorRaftRemovePeerByAddress : .operatorRaftRemovePeerByID,
            request
        ) { _ in Exchange.empty }
    }
}
