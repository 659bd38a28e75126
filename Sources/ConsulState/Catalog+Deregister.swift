internal import ConsulModel
internal import Primitives

extension Catalog {
    /// Removes a service, a check, or the node with everything on it. A missing record is no error.
    mutating func deregister(
        _ request: DeregisterRequest, at index: UInt64, _ changes: inout Changes
    ) {
        if !request.serviceID.isEmpty {
            deleteService(request.serviceID, on: request.node, at: index, &changes)
        } else if !request.checkID.isEmpty {
            deleteCheck(request.checkID, on: request.node, at: index, &changes)
        } else {
            deleteNode(request.node, at: index, &changes)
        }
    }

    mutating func deleteNode(_ name: String, at index: UInt64, _ changes: inout Changes) {
        guard let node = node(name) else { return }
        var serviceIDs: [String] = []
        instances.forEach(under: TableKey.of(name)) { serviceIDs.append($0.record.service.id) }
        for id in serviceIDs { deleteService(id, on: name, at: index, &changes) }
        var checkIDs: [String] = []
        checks.forEach(under: TableKey.of(name)) { checkIDs.append($0.record.checkID) }
        for id in checkIDs { deleteCheck(id, on: name, at: index, &changes) }
        nodes.remove(TableKey.of(name))
        if !node.id.isEmpty { nodeIDs.remove(TableKey.of(node.id)) }
        changes.losses.append(.node(name))
        nodesIndex = index
        changes.tables.insert(.nodes)
        changes.touch(.node, name)
    }

    /// Removes the checks of the service with it.
    mutating func deleteService(
        _ id: String, on node: String, at index: UInt64, _ changes: inout Changes
    ) {
        guard let instance = instances[TableKey.of(node, id)]?.record else { return }
        var checkIDs: [String] = []
        checksByInstance.forEach(under: TableKey.of(node, id)) {
            checkIDs.append($0.record.checkID)
        }
        for checkID in checkIDs { deleteCheck(checkID, on: node, at: index, &changes) }
        let name = instance.service.service
        instances.remove(TableKey.of(node, id))
        instancesByService.remove(TableKey.of(name, node, id))
        if let mesh = instance.service.meshService {
            instancesByMeshService.remove(TableKey.of(mesh, node, id))
        }
        servicesIndex = index
        changes.tables.insert(.services)
        changes.touch(.node, node)
        touchAfterLoss(of: name, at: index, &changes)
    }

    mutating func deleteCheck(
        _ id: String, on node: String, at index: UInt64, _ changes: inout Changes
    ) {
        guard let check = checks[TableKey.of(node, id)]?.record else { return }
        changes.losses.append(.check(id: check.checkID, node: check.node))
        removeCheck(check, at: index, &changes)
    }

    mutating func removeCheck(
        _ check: HealthCheck, at index: UInt64, _ changes: inout Changes
    ) {
        checks.remove(TableKey.of(check.node, check.checkID))
        checksByInstance.remove(TableKey.of(check.node, check.serviceID, check.checkID))
        checksByService.remove(TableKey.of(check.serviceName, check.node, check.checkID))
        checksByState.remove(TableKey.of(check.status, check.node, check.checkID))
        touch(check, at: index, &changes)
    }

    /// An instance of the service was removed, perhaps the last.
    mutating func touchAfterLoss(
        of service: String, at index: UInt64, _ changes: inout Changes
    ) {
        if instancesByService.contains(under: TableKey.of(service)) {
            touch(service, at: index, &changes)
        } else {
            serviceIndexes.remove(TableKey.of(service))
            lastExtinction = index
            changes.touch(.service, service)
        }
    }
}
