internal import ConsulModel
internal import ConsulState

/// Holds the handlers of the calls about checks, and about services with their checks.
enum HealthHandlers {
    static func register(in table: inout EndpointTable) {
        table.add(.healthServiceNodes, filtering: CheckServiceNode.self) { view, plan in
            let catalog = view.store.catalog
            var reading =
                plan.request.connect
                ? catalog.checkMeshServiceNodes(plan.request.serviceName)
                : catalog.checkServiceNodes(plan.request.serviceName)
            plan.keepTagged(&reading.value, plan.request.tags, tags: \.service.tags)
            if plan.request.passingOnly { reading.value.removeAll { $0.worst != .passing } }
            plan.keep(&reading.value, meta: \.node.meta)
            plan.sort(&reading, in: view, node: \.node.node)
            return reading
        }
        table.add(.healthServiceChecks, filtering: HealthCheck.self) { view, plan in
            let found = view.store.catalog.serviceChecks(plan.request.serviceName)
            return keep(found, in: view, plan)
        }
        let state = table.state
        table.add(
            .healthNodeChecks, filtering: HealthCheck.self,
            check: { request throws(ConsulError) in
                try CatalogHandlers.refuseAmbiguous(request, state)
            }
        ) { view, plan in
            var reading = view.store.catalog.nodeChecks(plan.request.node)
            if let filter = plan.filter { reading.value.removeAll { !filter.matches($0) } }
            return reading
        }
        table.add(.healthChecksInState, filtering: HealthCheck.self) { view, plan in
            let found = view.store.catalog.checks(inState: plan.request.state)
            return keep(found, in: view, plan)
        }
    }

    /// Applies the options. A check has no metadata of its node: a request for some depends on the
    /// nodes as well.
    private static func keep<Request>(
        _ reading: Reading<[HealthCheck]>, in view: StateView, _ plan: ReadPlan<Request>
    ) -> Reading<[HealthCheck]> {
        var reading = reading
        let catalog = view.store.catalog
        plan.keep(&reading.value) { catalog.node($0.node)?.meta ?? [:] }
        if !plan.options.nodeMeta.isEmpty {
            reading.index = max(reading.index, catalog.nodesIndex)
            reading.region = .tables([.nodes, .checks])
        }
        plan.sort(&reading, in: view, node: \.node)
        return reading
    }
}
