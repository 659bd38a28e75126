internal import ConsulModel
internal import ConsulState
internal import Primitives
internal import Telemetry

/// Holds the handlers of the calls about nodes and services.
enum CatalogHandlers {
    static func register(in table: inout EndpointTable) {
        let datacenter = table.configuration.datacenter
        table.add(.catalogListDatacenters, value: { [datacenter] })
        table.add(.catalogListNodes, filtering: Node.self) { view, plan in
            var reading = view.store.catalog.listNodes()
            plan.keep(&reading.value, meta: \.meta)
            plan.sort(&reading, in: view, node: \.node)
            return reading
        }
        table.add(.catalogListServices) { view, plan in
            view.store.catalog.listServices(nodeMeta: plan.options.nodeMeta)
        }
        table.add(.catalogServiceNodes, filtering: ServiceNode.self) { view, plan in
            var reading = view.store.catalog.serviceNodes(plan.request.serviceName)
            plan.keepTagged(&reading.value, plan.request.tags, tags: \.service.tags)
            plan.keep(&reading.value, meta: \.node.meta)
            plan.sort(&reading, in: view, node: \.node.node)
            return reading
        }
        let state = table.state
        table.add(
            .catalogNodeServices, filtering: NodeService.self,
            check: { request throws(ConsulError) in try refuseAmbiguous(request, state) }
        ) { view, plan in
            let reading = nodeServices(view, plan)
            return reading.with(NodeServices(reading.value))
        }
        table.add(
            .catalogNodeServiceList, filtering: NodeService.self,
            check: { request throws(ConsulError) in try refuseAmbiguous(request, state) }
        ) { view, plan in nodeServices(view, plan) }
        let metrics = table.metrics
        table.add(.catalogRegister, timing: metrics.catalogRegister) {
            request throws(ConsulError) in
            try prepare(request, datacenter)
        }
        table.add(.catalogDeregister, timing: metrics.catalogDeregister) {
            request throws(ConsulError) in
            if request.node.isEmpty { throw ConsulError(.internal, "Must provide node") }
            return .propose(.deregister(request))
        }
    }

    private static func nodeServices(
        _ view: StateView, _ plan: ReadPlan<NodeSpecificRequest>
    ) -> Reading<NodeServiceList> {
        var reading = view.store.catalog.nodeServices(plan.request.node)
        if let filter = plan.filter {
            reading.value.services?.removeAll { !filter.matches($0) }
        }
        return reading
    }

    /// Refuses the beginning of an ID that several nodes have.
    static func refuseAmbiguous(
        _ request: NodeSpecificRequest, _ state: PublishedState
    ) throws(ConsulError) {
        guard Catalog.isIDPrefix(request.node) else { return }
        let catalog = state.load().store.catalog
        guard catalog.node(request.node) == nil else { return }
        let names = catalog.nodeNames(ofIDPrefix: request.node)
        guard names.count > 1 else { return }
        let nodes = names.map { "\($0) (\(catalog.node($0)?.id ?? ""))" }
        throw ConsulError(
            .badRequest,
            "the node ID prefix \"\(request.node)\" matches several nodes, give more digits: "
                + nodes.joined(separator: ", "))
    }

    /// Completes and validates a registration, with Consul's texts.
    static func prepare(
        _ request: RegisterRequest, _ datacenter: String
    ) throws(ConsulError) -> PreparedWrite {
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
