import ConsulModel
import HTTPTransport
import Wire

let catalogRoutes = [
    Route("/v1/catalog/register", ("PUT", .direct(CatalogRoutes.register))),
    Route("/v1/catalog/deregister", ("PUT", .direct(CatalogRoutes.deregister))),
    Route("/v1/catalog/datacenters", ("GET", .direct(CatalogRoutes.datacenters))),
    Route("/v1/catalog/nodes", ("GET", .direct(CatalogRoutes.nodes))),
    Route("/v1/catalog/services", ("GET", .direct(CatalogRoutes.services))),
    Route("/v1/catalog/service/", ("GET", .direct(CatalogRoutes.service))),
    Route("/v1/catalog/node/", ("GET", .direct(CatalogRoutes.node))),
    Route("/v1/catalog/node-services/", ("GET", .direct(CatalogRoutes.nodeServiceList))),
]

/// `/v1/catalog/…`.
enum CatalogRoutes {
    @Sendable static func register(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        var request = try exchange.body(RegisterRequest.self)
        request.token = exchange.token
        exchange.call(.catalogRegister, request) { _ in exchange.json(true) }
    }

    @Sendable static func deregister(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        // Go's client always sends an empty address along.
        var request = try exchange.body(DeregisterRequest.self, obsolete: ["Address"])
        request.token = exchange.token
        exchange.call(.catalogDeregister, request) { _ in exchange.json(true) }
    }

    @Sendable static func datacenters(_ exchange: Exchange) throws(ConsulError) {
        // Does not block and has no datacenter: every datacenter has the same list.
        var options = QueryOptions()
        try exchange.query.readConsistency(&options)
        options.token = exchange.token
        exchange.call(.catalogListDatacenters, DatacentersRequest(options)) { exchange.json($0) }
    }

    @Sendable static func nodes(_ exchange: Exchange) throws(ConsulError) {
        let options = try exchange.discoveryOptions(looksAtNamespace: false)
        exchange.read(.catalogListNodes, DCSpecificRequest(options), of: .whole)
    }

    @Sendable static func services(_ exchange: Exchange) throws(ConsulError) {
        let request = DCSpecificRequest(try exchange.discoveryOptions())
        exchange.read(.catalogListServices, request, of: .whole)
    }

    @Sendable static func service(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing service name")
        var request = ServiceSpecificRequest(name, try exchange.discoveryOptions())
        request.tags = exchange.query.all("tag")
        exchange.read(.catalogServiceNodes, request, of: .service(name))
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        let request = NodeSpecificRequest(name, try exchange.discoveryOptions())
        exchange.call(.catalogNodeServices, request) { exchange.json($0.value, $0.meta) }
    }

    @Sendable static func nodeServiceList(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        let request = NodeSpecificRequest(name, try exchange.discoveryOptions())
        exchange.call(.catalogNodeServiceList, request) { exchange.json($0.value, $0.meta) }
    }
}

extension Exchange {
    /// Returns the rest of the path behind the route's prefix, or throws this text when it is
    /// empty.
    func requireSubject(_ complaint: String) throws(ConsulError) -> String {
        guard !subject.isEmpty else { throw ConsulError(.badRequest, complaint) }
        return subject
    }
}
