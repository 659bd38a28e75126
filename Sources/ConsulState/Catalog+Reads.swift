package import ConsulModel
internal import Primitives

extension Catalog {
    /// Returns all nodes, by name.
    package func listNodes() -> Reading<[Node]> {
        var found: [Node] = []
        found.reserveCapacity(nodes.count)
        nodes.forEach { found.append($0.record) }
        return Reading(found, nodesIndex, .tables(.nodes))
    }

    /// Returns the name of every service with the tags of all its instances, on nodes that have
    /// `nodeMeta`.
    package func listServices(nodeMeta: [String: String] = [:]) -> Reading<[String: [String]]> {
        var found: [String: [String]] = [:]
        instancesByService.forEach { row in
            let instance = row.record
            if !nodeMeta.isEmpty {
                guard let node = node(instance.node), node.hasMetadata(nodeMeta) else { return }
            }
            var tags = found[instance.service.service] ?? []
            for tag in instance.service.tags where !tags.contains(tag) { tags.append(tag) }
            found[instance.service.service] = tags
        }
        return nodeMeta.isEmpty
            ? Reading(found, servicesIndex, .tables(.services))
            : Reading(found, max(servicesIndex, nodesIndex), .tables([.services, .nodes]))
    }

    /// Returns the instances of a service with their nodes, by node and ID.
    package func serviceNodes(_ name: String) -> Reading<[ServiceNode]> {
        var found: [ServiceNode] = []
        instancesByService.forEach(under: TableKey.of(name)) { row in
            guard let node = node(row.record.node) else { return }
            found.append(ServiceNode(node: node, service: row.record.service))
        }
        let index = serviceIndex(name, else: max(nodesIndex, servicesIndex))
        return Reading(found, index, .folding(.service, name))
    }

    /// Returns a node with its services by ID, both nil for an unknown node. A name that no node
    /// has may be a node's ID or a prefix of one.
    package func nodeServices(_ name: String) -> Reading<NodeServiceList> {
        guard let node = node(name) else {
            if let other = nodeName(ofOneID: name) { return nodeServices(other) }
            return Reading(NodeServiceList(), nodesIndex, Self.region(ofMissing: name))
        }
        var services: [NodeService] = []
        instances.forEach(under: TableKey.of(name)) { services.append($0.record.service) }
        return Reading(
            NodeServiceList(node: node, services: services), max(nodesIndex, servicesIndex),
            .folding(.node, name))
    }

    /// Returns the only node whose ID has this prefix.
    private func nodeName(ofOneID text: String) -> String? {
        let found = nodeNames(ofIDPrefix: text)
        return found.count == 1 ? found[0] : nil
    }

    /// A new node may have the requested ID.
    private static func region(ofMissing name: String) -> Region {
        isIDPrefix(name) ? .tables(.nodes) : .folding(.node, name)
    }

    /// Returns the instances of a service with their nodes and all checks that affect them: those
    /// of the node, then those of the instance.
    package func checkServiceNodes(_ name: String) -> Reading<[CheckServiceNode]> {
        Reading(
            withChecks(instancesByService, name), serviceIndex(name, else: catalogIndex),
            .folding(.service, name))
    }

    /// Returns the instances through which the mesh reaches the service, with nodes and checks.
    /// Their names differ from the service's, so any change of the catalog may concern one of them.
    package func checkMeshServiceNodes(_ name: String) -> Reading<[CheckServiceNode]> {
        Reading(
            withChecks(instancesByMeshService, name), catalogIndex,
            .tables([.nodes, .services, .checks]))
    }

    /// The index of the last command that changed a node, service or check.
    package var catalogIndex: UInt64 { max(nodesIndex, servicesIndex, checksIndex) }

    private func withChecks(
        _ tree: RadixTree<Row<Instance>>, _ name: String
    ) -> [CheckServiceNode] {
        var found: [CheckServiceNode] = []
        var key: [UInt8] = []  // one for all
        tree.forEach(under: TableKey.of(name)) { row in
            key.removeAll(keepingCapacity: true)
            TableKey.append(row.record.node, to: &key)
            guard let node = nodes[key] else { return }
            let nodeEnd = key.count
            var checks: [HealthCheck] = []
            checks.reserveCapacity(2)
            for owner in ["", row.record.service.id] {
                TableKey.append(owner, to: &key)
                checksByInstance.forEach(under: key) { checks.append($0.record) }
                key.removeLast(key.count - nodeEnd)
            }
            found.append(
                CheckServiceNode(
                    node: node.record, service: row.record.service, checks: checks))
        }
        return found
    }

    /// Returns the checks that name the service, by node and ID.
    package func serviceChecks(_ name: String) -> Reading<[HealthCheck]> {
        Reading(
            Self.records(in: checksByService, TableKey.of(name)), checksIndex,
            .folding(.serviceChecks, name))
    }

    /// Returns the checks of a node, which is named as for `nodeServices`.
    package func nodeChecks(_ name: String) -> Reading<[HealthCheck]> {
        if Self.isIDPrefix(name), node(name) == nil {
            if let other = nodeName(ofOneID: name) { return nodeChecks(other) }
            return Reading([], max(nodesIndex, checksIndex), .tables([.nodes, .checks]))
        }
        return Reading(
            Self.records(in: checks, TableKey.of(name)), checksIndex,
            .folding(.nodeChecks, name))
    }

    /// Returns the checks in a state, by node and ID. The name of a state is compared verbatim.
    package func checks(inState state: String) -> Reading<[HealthCheck]> {
        if state == "any" {
            return Reading(Self.records(in: checks, []), checksIndex, .tables(.checks))
        }
        return Reading(
            Self.records(in: checksByState, TableKey.of(state)).filter { $0.status == state },
            checksIndex, .folding(.checkState, state))
    }

    private static func records<Record>(
        in tree: RadixTree<Row<Record>>, _ prefix: [UInt8]
    ) -> [Record] {
        var found: [Record] = []
        tree.forEach(under: prefix) { found.append($0.record) }
        return found
    }

    /// Returns the index of the last command that changed an instance of the service, its node or
    /// its checks. For a service without instances it returns a number that changes when the
    /// service gets one, and whenever the index of its reads does.
    package func version(ofService name: String) -> UInt64 {
        serviceIndex(name, else: catalogIndex)
    }

    /// Returns the index of a service; without instances, the index of the last extinction, so that
    /// changes of other services do not wake its waiters.
    private func serviceIndex(_ name: String, else tables: UInt64) -> UInt64 {
        if let index = serviceIndexes[TableKey.of(name)] { return index }
        return lastExtinction > 0 ? lastExtinction : tables
    }
}

extension Node {
    /// Returns true when the node has all of these metadata.
    package func hasMetadata(_ wanted: [String: String]) -> Bool {
        wanted.allSatisfy { meta[$0.key] == $0.value }
    }
}
