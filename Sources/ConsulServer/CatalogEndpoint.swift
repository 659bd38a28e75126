internal import ConsulModel
internal import ConsulState
internal import Primitives
internal import Telemetry

/// Nodes and services.
enum CatalogEndpoint {
    static func register(in table: inout EndpointTable) {
        let datacenter = table.configuration.datacenter
        table.add(.catalogListDatacenters) { [datacenter] }
        table.add(.catalogListNodes, filtering: Node.self) { snapshot, plan in
            var reading = snapshot.store.catalog.listNodes()
            plan.keep(&reading.value, meta: \.meta)
            plan.sort(&reading, in: snapshot, node: \.node)
            return reading
        }
        table.add(.catalogListServices) { snapshot, plan in
            snapshot.store.catalog.listServices(nodeMeta: plan.query.options.nodeMeta)
        }
        table.add(.catalogServiceNodes, filtering: ServiceNode.self) { snapshot, plan in
            var reading = snapshot.store.catalog.serviceNodes(plan.query.name)
            plan.keepTagged(&reading.value, tags: \.service.tags)
            plan.keep(&reading.value, meta: \.node.meta)
            plan.sort(&reading, in: snapshot, node: \.node.node)
            return reading
        }
        let state = table.state
        table.add(
            .catalogNodeServices, filtering: NodeService.self,
            check: { query throws(ConsulError) in try refuseAmbiguous(query, state) }
        ) { snapshot, plan in
            var reading = snapshot.store.catalog.nodeServices(plan.query.name)
            if let filter = plan.filter {
                reading.value?.services.removeAll { !filter.matches($0) }
            }
            return reading
        }
        let metrics = table.metrics
        table.add(.catalogRegister, timing: metrics.catalogRegister, in: { $0.datacenter }) {
            request throws(ConsulError) in
            try prepare(request, datacenter)
        }
        table.add(.catalogDeregister, timing: metrics.catalogDeregister, in: { $0.datacenter }) {
            request throws(ConsulError) in
            if request.node.isEmpty { throw ConsulError(.internal, "Must provide node") }
            return .propose(.deregister(request))
        }
    }

    /// Refuses the beginning of an ID that several nodes have.
    static func refuseAmbiguous(
        _ query: NamedQuery, _ state: PublishedState
    ) throws(ConsulError) {
        guard Catalog.isIDPrefix(query.name) else { return }
        let catalog = state.load().store.catalog
        guard catalog.node(query.name) == nil else { return }
        let names = catalog.nodeNames(ofIDPrefix: query.name)
        guard names.count > 1 else { return }
        let nodes = names.map { "\($0) (\(catalog.node($0)?.id ?? ""))" }
        throw ConsulError(
            .badRequest,
            "the node ID prefix \"\(query.name)\" matches several nodes, give more digits: "
                + nodes.joined(separator: ", "))
    }

    /// Completes and validates a registration, with Consul's texts.
    static func prepare(
        _ request: RegisterRequest, _ datacenter: String
    ) throws(ConsulError) -> Intent {
        var request = request
        request.datacenter = datacenter
        try RegistrationRules.check(node: request.node, id: "")
        if request.address.isEmpty, !request.skipNodeUpdate {
            throw ConsulError(.internal, "Must provide address if SkipNodeUpdate is not set")
        }
        try RegistrationRules.check(node: request.node, id: request.id)
        if var service = request.service {
            try RegistrationRules.complete(&service)
            if let fault = service.kindFault { throw ConsulError(.internal, fault) }
            request.service = service
        }
        request.checks += request.check.map { [$0] } ?? []
        request.check = nil
        for index in request.checks.indices {
            if request.checks[index].checkID.isEmpty {
                request.checks[index].checkID = request.checks[index].name
            }
            if request.checks[index].node.isEmpty { request.checks[index].node = request.node }
            if request.checks[index].type.isEmpty {
                request.checks[index].type = request.checks[index].definition.kind
            }
        }
        return .propose(.register(request))
    }
}
