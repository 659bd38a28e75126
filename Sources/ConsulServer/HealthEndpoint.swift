internal import ConsulModel
internal import ConsulState

/// Checks, and services with their checks.
enum HealthEndpoint {
    static func register(in table: inout EndpointTable) {
        table.add(.healthServiceNodes, filtering: CheckServiceNode.self) { snapshot, plan in
            let catalog = snapshot.store.catalog
            var reading =
                plan.query.connect
                ? catalog.checkMeshServiceNodes(plan.query.name)
                : catalog.checkServiceNodes(plan.query.name)
            plan.keepTagged(&reading.value, tags: \.service.tags)
            if plan.query.passingOnly { reading.value.removeAll { $0.worst != .passing } }
            plan.keep(&reading.value, meta: \.node.meta)
            plan.sort(&reading, in: snapshot, node: \.node.node)
            return reading
        }
        table.add(.healthServiceChecks, filtering: HealthCheck.self) { snapshot, plan in
            let found = snapshot.store.catalog.serviceChecks(plan.query.name)
            return keep(found, in: snapshot, plan)
        }
        let state = table.state
        table.add(
            .healthNodeChecks, filtering: HealthCheck.self,
            check: { query throws(ConsulError) in
                try CatalogEndpoint.refuseAmbiguous(query, state)
            }
        ) { snapshot, plan in
            var reading = snapshot.store.catalog.nodeChecks(plan.query.name)
            if let filter = plan.filter { reading.value.removeAll { !filter.matches($0) } }
            return reading
        }
        table.add(.healthChecksInState, filtering: HealthCheck.self) { snapshot, plan in
            let found = snapshot.store.catalog.checks(inState: plan.query.name)
            return keep(found, in: snapshot, plan)
        }
    }

    /// A check bears no metadata of its node: where they are asked for, nodes matter as well.
    private static func keep(
        _ reading: Reading<[HealthCheck]>, in snapshot: Snapshot, _ plan: ReadPlan
    ) -> Reading<[HealthCheck]> {
        var reading = reading
        let catalog = snapshot.store.catalog
        plan.keep(&reading.value) { catalog.node($0.node)?.meta ?? [:] }
        if !plan.query.options.nodeMeta.isEmpty {
            reading.index = max(reading.index, catalog.nodesIndex)
            reading.region = .tables([.nodes, .checks])
        }
        plan.sort(&reading, in: snapshot, node: \.node)
        return reading
    }
}
