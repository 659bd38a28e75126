internal import ConsulModel
internal import Primitives

extension Catalog {
    /// The check with which gossip reports whether a node is alive.
    package static let serfCheckID = "serfHealth"

    /// Registers a node, and a service or checks on it. An identical record keeps its indexes. A
    /// call that throws may have changed a part.
    mutating func register(
        _ request: RegisterRequest, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        let existing = node(request.node)
        if existing == nil || !request.skipNodeUpdate {
            try ensureNode(request.asNode, at: index, &changes)
        }
        // A registration may spell the node's name in another case; its rows use the existing name.
        let name = node(request.node)?.node ?? request.node
        if let service = request.service {
            try ensureService(service, on: name, at: index, &changes)
        }
        for check in (request.check.map { [$0] } ?? []) + request.checks {
            guard TableKey.of(check.node) == TableKey.of(name) else {
                throw .checkOnOtherNode(checkNode: check.node, node: request.node)
            }
            try ensureCheck(check, on: name, at: index, &changes)
        }
    }

    // MARK: Nodes

    mutating func ensureNode(
        _ new: Node, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        var old: Node?
        if !new.id.isEmpty {
            if let name = nodeIDs[TableKey.of(new.id)], let holder = node(name) {
                old = holder
                if holder.node != new.node {
                    try refuseReservedName(new, mayTakeFromNodeWithoutID: false)
                    deleteNode(holder.node, at: index, &changes)
                }
            } else {
                try refuseReservedName(new, mayTakeFromNodeWithoutID: true)
            }
        }
        old = old ?? node(new.node)
        var node = new
        if let old {
            node.raftIndex = old.raftIndex
            if node == old, self.node(old.node) != nil { return }
            if old.id != new.id { nodeIDs.remove(TableKey.of(old.id)) }
            node.raftIndex.modifyIndex = index
        } else {
            node.raftIndex = RaftIndex(create: index, modify: index)
        }
        nodes.insert(Row(node), for: TableKey.of(node.node))
        if !node.id.isEmpty { nodeIDs.insert(node.node, for: TableKey.of(node.id)) }
        if let old, old.node != node.node { respell(node.node, at: index, &changes) }
        nodesIndex = index
        changes.tables.insert(.nodes)
        changes.touch(.node, node.node)
        touchServices(on: node.node, at: index, &changes)
    }

    /// Renames the rows of a node to its new spelling. HashiCorp's servers keep the old one, and
    /// crash when they restore a snapshot with a check whose node is spelled in another case.
    private mutating func respell(_ node: String, at index: UInt64, _ changes: inout Changes) {
        var found: [Instance] = []
        instances.forEach(under: TableKey.of(node)) { found.append($0.record) }
        for var instance in found where instance.node != node {
            instance.node = node
            insertInstance(instance)
        }
        var kept: [HealthCheck] = []
        checks.forEach(under: TableKey.of(node)) { kept.append($0.record) }
        for var check in kept where check.node != node {
            check.node = node
            check.raftIndex.modifyIndex = index
            insertCheck(check)
            touch(check, at: index, &changes)
        }
    }

    /// Rejects a name that another node has while that node is alive by gossip's check.
    private func refuseReservedName(
        _ new: Node, mayTakeFromNodeWithoutID: Bool
    ) throws(ConsulStateError) {
        guard let holder = node(new.node), !Self.isSameID(holder.id, new.id) else { return }
        guard
            let alive = checks[TableKey.of(holder.node, Self.serfCheckID)]?.record,
            alive.status != CheckStatus.critical.rawValue,
            !(holder.id.isEmpty && mayTakeFromNodeWithoutID)
        else { return }
        throw .nodeNameReserved(
            id: new.id, renamedAddress: mayTakeFromNodeWithoutID ? nil : new.address,
            name: new.node,
            holder: .init(id: holder.id, node: holder.node, address: holder.address))
    }

    private static func isSameID(_ a: String, _ b: String) -> Bool {
        TableKey.folded(a) == TableKey.folded(b)
    }

    // MARK: Services

    mutating func ensureService(
        _ new: NodeService, on node: String, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        guard !new.id.isEmpty else { throw .serviceWithoutID }
        if let reason = MetaRules.fault(in: new.meta) {
            throw .badServiceMeta(node: node, serviceID: new.id, reason: reason)
        }
        let key = TableKey.of(node, new.id)
        var service = new
        if service.weights.passing < 1 || service.weights.warning < 0 {
            service.weights = Weights()
        }
        if let old = instances[key]?.record.service {
            if service.isSame(as: old) { return }
            service.raftIndex = RaftIndex(create: old.raftIndex.createIndex, modify: index)
            if let mesh = old.meshService {
                instancesByMeshService.remove(TableKey.of(mesh, node, old.id))
            }
            if TableKey.of(old.service) != TableKey.of(service.service) {
                instancesByService.remove(TableKey.of(old.service, node, old.id))
                touchAfterLoss(of: old.service, at: index, &changes)
            }
        } else {
            service.raftIndex = RaftIndex(create: index, modify: index)
        }
        insertInstance(Instance(node: node, service: service))
        servicesIndex = index
        changes.tables.insert(.services)
        changes.touch(.node, node)
        touch(service.service, at: index, &changes)
    }

    mutating func insertInstance(_ instance: Instance) {
        let (node, service) = (instance.node, instance.service)
        let row = Row(instance)
        instances.insert(row, for: TableKey.of(node, service.id))
        instancesByService.insert(row, for: TableKey.of(service.service, node, service.id))
        if let mesh = service.meshService {
            instancesByMeshService.insert(row, for: TableKey.of(mesh, node, service.id))
        }
    }

    // MARK: Checks

    mutating func ensureCheck(
        _ new: HealthCheck, on node: String, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        guard !new.checkID.isEmpty else { throw .checkWithoutID(node: node) }
        var check = new
        check.node = node
        if check.status.isEmpty { check.status = CheckStatus.critical.rawValue }
        if !check.serviceID.isEmpty {
            guard let instance = instances[TableKey.of(node, check.serviceID)]?.record else {
                throw .checkWithoutService(node: node)
            }
            check.serviceName = instance.service.service
            check.serviceTags = instance.service.tags
        }
        if check.status == CheckStatus.critical.rawValue {
            changes.losses.append(.check(id: check.checkID, node: node))
        }
        if let old = checks[TableKey.of(node, check.checkID)]?.record {
            if check.isSame(as: old) { return }
            check.raftIndex = RaftIndex(create: old.raftIndex.createIndex, modify: index)
            removeCheck(old, at: index, &changes)
        } else {
            check.raftIndex = RaftIndex(create: index, modify: index)
        }
        insertCheck(check)
        touch(check, at: index, &changes)
    }

    mutating func insertCheck(_ check: HealthCheck) {
        let row = Row(check)
        checks.insert(row, for: TableKey.of(check.node, check.checkID))
        checksByInstance.insert(
            row, for: TableKey.of(check.node, check.serviceID, check.checkID))
        checksByService.insert(
            row, for: TableKey.of(check.serviceName, check.node, check.checkID))
        checksByState.insert(row, for: TableKey.of(check.status, check.node, check.checkID))
    }

    // MARK: Indexes

    mutating func touch(_ service: String, at index: UInt64, _ changes: inout Changes) {
        serviceIndexes.insert(index, for: TableKey.of(service))
        changes.touch(.service, service)
    }

    mutating func touchServices(on node: String, at index: UInt64, _ changes: inout Changes) {
        var names: [String] = []
        instances.forEach(under: TableKey.of(node)) { names.append($0.record.service.service) }
        for name in names { touch(name, at: index, &changes) }
    }

    /// Moves the indexes after a check was added, removed or changed: it affects its service, or
    /// all services of its node.
    mutating func touch(_ check: HealthCheck, at index: UInt64, _ changes: inout Changes) {
        checksIndex = index
        changes.tables.insert(.checks)
        changes.touch(.nodeChecks, check.node)
        changes.touch(.checkState, check.status)
        if check.serviceID.isEmpty {
            touchServices(on: check.node, at: index, &changes)
        } else {
            changes.touch(.serviceChecks, check.serviceName)
            if let instance = instances[TableKey.of(check.node, check.serviceID)]?.record {
                touch(instance.service.service, at: index, &changes)
            }
        }
    }
}

extension RegisterRequest {
    var asNode: Node {
        var result = Node()
        result.id = id
        result.node = node
        result.address = address
        result.datacenter = datacenter
        result.taggedAddresses = taggedAddresses
        result.meta = nodeMeta
        return result
    }
}
