import ConsulModel
import HTTPTransport

let coordinateRoutes = [
    Route("/v1/coordinate/datacenters", ("GET", .direct(CoordinateRoutes.datacenters))),
    Route("/v1/coordinate/nodes", ("GET", .direct(CoordinateRoutes.nodes))),
    Route("/v1/coordinate/node/", ("GET", .direct(CoordinateRoutes.node))),
    Route("/v1/coordinate/update", ("PUT", .direct(CoordinateRoutes.update))),
]

/// `/v1/coordinate/…`. Consul ignores `?ns` here.
enum CoordinateRoutes {
    @Sendable static func datacenters(_ exchange: Exchange) throws(ConsulError) {
        var request = DatacentersRequest()
        request.token = exchange.token
        exchange.call(.coordinateListDatacenters, request) { exchange.json($0) }
    }

    @Sendable static func nodes(_ exchange: Exchange) throws(ConsulError) {
        let request = DCSpecificRequest(try exchange.options(looksAtNamespace: false))
        exchange.call(.coordinateListNodes, request) {
            exchange.json(exchange.ofSegment($0.value), $0.meta, showsConsistency: false)
        }
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let request = NodeSpecificRequest(
            exchange.subject, try exchange.options(looksAtNamespace: false))
        exchange.call(.coordinateNode, request) { answer in
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
    /// Keeps the coordinates of `?segment`, where the request names one.
    fileprivate func ofSegment(_ rows: [NodeCoordinate]) -> [NodeCoordinate] {
        guard query.has("segment") else { return rows }
        return rows.filter { $0.segment == query["segment"] }
    }
}
