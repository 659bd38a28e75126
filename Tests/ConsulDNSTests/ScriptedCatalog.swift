import ConsulModel
import Primitives
import Synchronization

/// A catalog that the test fills, with the few reads of DNS.
final class ScriptedCatalog: Backend {
    struct Contents: Sendable {
        var nodes: [Node] = []
        var services: [NodeService] = []
        var serviceNodes: [String] = []
        var checks: [HealthCheck] = []
        /// The positions of nodes on a line.
        var coordinates: [String: Double] = [:]
        /// The error of all reads, if any.
        var failure: ConsulError?
        /// The lag of this server behind the leader.
        var lag = GoDuration.zero
        /// The consistency of each read, in order.
        var queries: [QueryOptions.Consistency] = []
        /// The index of every answer.
        var index: UInt64 = 1
    }

    let contents = Mutex(Contents())

    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        guard let query = request as? any ReadRequest else {
            preconditionFailure("DNS made the call \(endpoint.name)")
        }
        let result: Result<Response, ConsulError> = contents.withLock { contents in
            contents.queries.append(query.options.consistency)
            if let failure = contents.failure { return .failure(failure) }
            guard ["", "dc1"].contains(query.options.datacenter) else {
                return .failure(.noPathToDatacenter)
            }
            var meta = QueryMeta(index: contents.index)
            meta.lastContact = query.options.consistency == .stale ? contents.lag : .zero
            guard let answer = contents.answer(endpoint.name, query, meta) as? Response else {
                preconditionFailure("DNS made the call \(endpoint.name)")
            }
            return .success(answer)
        }
        reply(result)
        return nil
    }
}

extension ScriptedCatalog.Contents {
    func answer(_ endpoint: String, _ query: any ReadRequest, _ meta: QueryMeta) -> Any {
        switch (endpoint, query) {
        case ("Catalog.ListNodes", _): return IndexedNodes(nodes, meta)
        case ("Catalog.ListServices", _):
            return IndexedServices(
                Dictionary(services.map { ($0.service, $0.tags) }) { first, _ in first }, meta)
        case ("Catalog.NodeServices", let query as NodeSpecificRequest):
            let node = nodes.first { $0.node.lowercased() == query.node.lowercased() }
            return IndexedNodeServices(
                node.flatMap { NodeServices(NodeServiceList(node: $0, services: [])) }, meta)
        case ("Catalog.ServiceNodes", let query as ServiceSpecificRequest):
            return IndexedServiceNodes(
                instances(query).map { ServiceNode(node: $0.node, service: $0.service) }, meta)
        case ("Health.ChecksInState", _): return IndexedHealthChecks(checks, meta)
        case ("Health.ServiceNodes", let query as ServiceSpecificRequest):
            return serviceNodes(query, meta)
        default: return endpoint
        }
    }

    private func serviceNodes(
        _ query: ServiceSpecificRequest, _ meta: QueryMeta
    ) -> IndexedCheckServiceNodes {
        let near = query.options.source
        let source = nodes.first { $0.address == near.ip }?.node ?? near.node
        guard let position = coordinates[source] else {
            return IndexedCheckServiceNodes(instances(query), meta)
        }
        var meta = meta
        meta.isByRoundTrip = true
        let distance = { (name: String) in
            coordinates[name].map { ($0 - position).magnitude } ?? .infinity
        }
        return IndexedCheckServiceNodes(
            instances(query).sorted { distance($0.node.node) < distance($1.node.node) }, meta)
    }

    private func instances(_ query: ServiceSpecificRequest) -> [CheckServiceNode] {
        zip(services, serviceNodes).compactMap { service, nodeName in
            let name = query.connect ? service.meshService : service.service
            guard name?.lowercased() == query.serviceName.lowercased(),
                let node = nodes.first(where: { $0.node == nodeName }),
                query.tags.allSatisfy({ tag in
                    service.tags.contains { $0.lowercased() == tag.lowercased() }
                })
            else { return nil }
            let checks = checks.filter {
                $0.node == nodeName && ["", service.id].contains($0.serviceID)
            }
            return CheckServiceNode(node: node, service: service, checks: checks)
        }
    }
}
