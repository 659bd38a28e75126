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
        exchange.call(.catalogRegister, request) { exchange.json($0) }
    }

    @Sendable static func deregister(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        // Go's client always sends an empty address along.
        var request = try exchange.body(DeregisterRequest.self, obsolete: ["Address"])
        request.token = exchange.token
        exchange.call(.catalogDeregister, request) { exchange.json($0) }
    }

    @Sendable static func datacenters(_ exchange: Exchange) throws(ConsulError) {
        // Nothing to wait for, and no datacenter to ask: each knows of all.
        var options = QueryOptions()
        try exchange.query.readConsistency(&options)
        options.token = exchange.token
        exchange.call(.catalogListDatacenters, NamedQuery("", options)) { exchange.json($0) }
    }

    @Sendable static func nodes(_ exchange: Exchange) throws(ConsulError) {
        exchange.read(
            .catalogListNodes, try exchange.discoveryQuery(looksAtNamespace: false), of: .whole)
    }

    @Sendable static func services(_ exchange: Exchange) throws(ConsulError) {
        exchange.read(.catalogListServices, try exchange.discoveryQuery(), of: .whole)
    }

    @Sendable static func service(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing service name")
        var query = try exchange.discoveryQuery(name)
        query.tags = exchange.query.all("tag")
        exchange.read(.catalogServiceNodes, query, of: .service(name))
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        exchange.call(.catalogNodeServices, try exchange.discoveryQuery(name)) {
            exchange.json($0.value.map { NodeServiceMap($0) }, $0.meta)
        }
    }

    @Sendable static func nodeServiceList(_ exchange: Exchange) throws(ConsulError) {
        let name = try exchange.requireSubject("Missing node name")
        exchange.call(.catalogNodeServices, try exchange.discoveryQuery(name)) {
            exchange.json(NodeServiceList($0.value), $0.meta)
        }
    }
}

/// `{"Node": …, "Services": {"id": …}}`.
private struct NodeServiceMap: Record {
    var node = Node()
    var services: [String: NodeService] = [:]
    init() {}
    init(_ value: NodeServices) {
        node = value.node
        for service in value.services { services[service.id] = service }
    }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Services", &services)
    }
}

/// `{"Node": …, "Services": […]}`; both null for an unknown node.
private struct NodeServiceList: Record {
    var node: Node?
    var services: [NodeService]?
    init() {}
    init(_ value: NodeServices?) {
        node = value?.node
        services = value?.services
    }
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Services", &services)
    }
}

extension Exchange {
    /// What stands behind the prefix; an error with this text when nothing does.
    func requireSubject(_ complaint: String) throws(ConsulError) -> String {
        guard !subject.isEmpty else { throw ConsulError(.badRequest, complaint) }
        return subject
    }
}
