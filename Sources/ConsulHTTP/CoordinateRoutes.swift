import ConsulModel
import HTTPTransport

let coordinateRoutes = [
    Route("/v1/coordinate/datacenters", ("GET", .direct(CoordinateRoutes.datacenters))),
    Route("/v1/coordinate/nodes", ("GET", .direct(CoordinateRoutes.nodes))),
    Route("/v1/coordinate/node/", ("GET", .direct(CoordinateRoutes.node))),
    Route("/v1/coordinate/update", ("PUT", .direct(CoordinateRoutes.update))),
]

/// `/v1/coordinate/…`. Consul looks at no namespace here.
enum CoordinateRoutes {
    @Sendable static func datacenters(_ exchange: Exchange) throws(ConsulError) {
        var query = NamedQuery()
        query.options.token = exchange.token
        exchange.call(.coordinateListDatacenters, query) { exchange.json($0) }
    }

    @Sendable static func nodes(_ exchange: Exchange) throws(ConsulError) {
        exchange.call(.coordinateListNodes, try exchange.coordinateQuery()) {
            exchange.json(exchange.ofSegment($0.value), $0.meta, showsConsistency: false)
        }
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let query = try exchange.coordinateQuery(exchange.subject)
        exchange.call(.coordinateNode, query) { answer in
            let found = exchange.ofSegment(answer.value)
            var response = exchange.json(found, answer.meta, showsConsistency: false)
            if found.isEmpty {
                response = HTTPResponse(status: 404)
                Exchange.add(answer.meta, to: &response.headers, showsConsistency: false)
            }
            return response
        }
    }

    @Sendable static func update(_ exchange: Exchange) throws(ConsulError) {
        var request = try exchange.body(CoordinateUpdateRequest.self)
        let datacenter = exchange.query["dc"]
        if !datacenter.isEmpty { request.datacenter = datacenter }
        request.token = exchange.token
        exchange.call(.coordinateUpdate, request) { _ in Exchange.empty }
    }
}

extension Exchange {
    fileprivate func coordinateQuery(_ name: String = "") throws(ConsulError) -> NamedQuery {
        try CacheControl.refuseWrong(request.headers)
        return NamedQuery(name, try query.consistency(token: token))
    }

    /// Those of `?segment`, where one is asked for.
    fileprivate func ofSegment(_ rows: [NodeCoordinate]) -> [NodeCoordinate] {
        guard query.has("segment") else { return rows }
        return rows.filter { $0.segment == query["segment"] }
    }
}
