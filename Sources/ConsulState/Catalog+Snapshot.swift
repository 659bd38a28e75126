internal import ConsulModel
internal import Primitives
internal import Wire

extension Catalog: StateTable {
    static let recordTypes = [MessageType.register]

    func sections() -> [any SnapshotSection] { [NodeSection(self), ServiceIndexSection(self)] }

    func indexes(in store: StateStore) -> [(name: String, value: UInt64)] {
        [
            ("nodes", nodesIndex), ("services", servicesIndex), ("checks", checksIndex),
            ("service_last_extinction", lastExtinction),
        ]
    }

    // MARK: Restoring

    mutating func restore(_ record: inout SnapshotRecord) throws {
        restore(try record.read(RegisterRequest.self))
    }

    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool {
        switch name {
        case "nodes": nodesIndex = max(nodesIndex, value)
        case "services": servicesIndex = max(servicesIndex, value)
        case "checks": checksIndex = max(checksIndex, value)
        case "service_last_extinction": lastExtinction = value
        default:
            guard name.hasPrefix(Self.indexPrefix) else { return false }
            let key = TableKey.of(String(name.dropFirst(Self.indexPrefix.count)))
            if instancesByService.contains(under: key) { serviceIndexes.insert(value, for: key) }
        }
        return true
    }

    fileprivate static let indexPrefix = "service."

    /// Restores a node, or a service or check on it, including the indexes.
    private mutating func restore(_ request: RegisterRequest) {
        let key = TableKey.of(request.node)
        if nodes[key] == nil {
            var node = request.asNode
            node.raftIndex = request.raftIndex
            nodes.insert(Row(node), for: key)
            if !node.id.isEmpty { nodeIDs.insert(node.node, for: TableKey.of(node.id)) }
            nodesIndex = max(nodesIndex, node.raftIndex.modifyIndex)
        }
        let name = node(request.node)?.node ?? request.node
        if let service = request.service {
            insertInstance(Instance(node: name, service: service))
            touchRestored(service.service, service.raftIndex.modifyIndex)
            servicesIndex = max(servicesIndex, service.raftIndex.modifyIndex)
        }
        for var check in (request.check.map { [$0] } ?? []) + request.checks {
            check.node = name
            if let old = checks[TableKey.of(check.node, check.checkID)]?.record {
                var changes = Changes()
                removeCheck(old, at: checksIndex, &changes)
            }
            insertCheck(check)
            checksIndex = max(checksIndex, check.raftIndex.modifyIndex)
        }
    }

    /// Until the snapshot's own indexes are read, the index of a service is that of its newest
    /// instance.
    private mutating func touchRestored(_ service: String, _ index: UInt64) {
        let key = TableKey.of(service)
        serviceIndexes.insert(max(serviceIndexes[key] ?? 0, index), for: key)
    }
}

/// Writes each node, then its services, then its checks: all three trees have the nodes in one
/// order.
private struct NodeSection: SnapshotSection {
    let type = MessageType.register
    private var nodes: RadixTree<Row<Node>>.Cursor
    private var services: RadixTree<Row<Catalog.Instance>>.Cursor
    private var checks: RadixTree<Row<HealthCheck>>.Cursor
    /// The node whose services and checks are being written.
    private var node: RegisterRequest?
    private var nextService: Catalog.Instance?
    private var nextCheck: HealthCheck?

    init(_ catalog: Catalog) {
        nodes = catalog.nodes.cursor()
        services = catalog.instances.cursor()
        checks = catalog.checks.cursor()
        nextService = services.next()?.record
        nextCheck = checks.next()?.record
    }

    mutating func writeNext(to writer: inout MessagePackWriter) -> Bool {
        guard let node else {
            guard let next = nodes.next()?.record else { return false }
            let request = RegisterRequest(next)
            writer.put(type, request)
            node = request
            return true
        }
        var request = node
        if let service = nextService, isOn(service.node, node) {
            request.service = service.service
            nextService = services.next()?.record
        } else if let check = nextCheck, isOn(check.node, node) {
            request.check = check
            nextCheck = checks.next()?.record
        } else {
            self.node = nil
            return true
        }
        writer.put(type, request)
        return true
    }

    private func isOn(_ name: String, _ node: RegisterRequest) -> Bool {
        TableKey.of(name) == TableKey.of(node.node)
    }
}

/// Writes the index of each service that has instances, under the name of the first of them.
private struct ServiceIndexSection: SnapshotSection {
    let type = MessageType.index
    private let indexes: RadixTree<UInt64>
    private var instances: RadixTree<Row<Catalog.Instance>>.Cursor
    private var lastService = ""

    init(_ catalog: Catalog) {
        indexes = catalog.serviceIndexes
        instances = catalog.instancesByService.cursor()
    }

    mutating func writeNext(to writer: inout MessagePackWriter) -> Bool {
        guard let name = instances.next()?.record.service.service else { return false }
        let key = TableKey.of(name)
        guard key != TableKey.of(lastService) || lastService.isEmpty else { return true }
        lastService = name
        writer.putIndex(Catalog.indexPrefix + name, indexes[key] ?? 0)
        return true
    }
}

extension RegisterRequest {
    /// The record of a node alone in a snapshot.
    fileprivate init(_ node: Node) {
        self.init()
        id = node.id
        self.node = node.node
        address = node.address
        datacenter = node.datacenter
        taggedAddresses = node.taggedAddresses
        nodeMeta = node.meta
        raftIndex = node.raftIndex
    }
}
