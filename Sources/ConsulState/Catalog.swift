package import ConsulModel
internal import Primitives

/// Holds nodes, the services on them and the checks of both. Reads are in Catalog+Reads, writes in
/// Catalog+Register and Catalog+Deregister.
package struct Catalog: Sendable {
    struct Instance: Sendable {
        var node: String
        var service: NodeService
    }

    /// By name.
    var nodes = RadixTree<Row<Node>>()
    /// Names by ID.
    var nodeIDs = RadixTree<String>()
    /// By node and ID, and by name of the service, node and ID.
    var instances = RadixTree<Row<Instance>>()
    var instancesByService = RadixTree<Row<Instance>>()
    /// The instances through which the mesh reaches a service: by name of that service, node and
    /// ID.
    var instancesByMeshService = RadixTree<Row<Instance>>()
    /// By node and ID; by node, service ID (empty for the checks of the node itself) and ID; by
    /// name of the service, node and ID; by state, node and ID.
    var checks = RadixTree<Row<HealthCheck>>()
    var checksByInstance = RadixTree<Row<HealthCheck>>()
    var checksByService = RadixTree<Row<HealthCheck>>()
    var checksByState = RadixTree<Row<HealthCheck>>()

    /// The indexes of the last commands that changed anything in a table.
    package internal(set) var nodesIndex: UInt64 = 0
    package internal(set) var servicesIndex: UInt64 = 0
    package internal(set) var checksIndex: UInt64 = 0
    /// By name of the service: the index of the last command that changed an instance, its node or
    /// its checks.
    var serviceIndexes = RadixTree<UInt64>()
    /// The index at which a service last lost its last instance: the index of every service without
    /// instances.
    var lastExtinction: UInt64 = 0

    init() {}

    /// Returns the node of this name, in any case.
    package func node(_ name: String) -> Node? { nodes[TableKey.of(name)]?.record }

    func check(_ id: String, on node: String) -> HealthCheck? {
        checks[TableKey.of(node, id)]?.record
    }

    /// Returns the name of the first node with this address, including tagged addresses. Looks at
    /// all nodes.
    package func nodeName(ofAddress address: String) -> String? {
        var found: String?
        nodes.forEach { row in
            guard found == nil else { return }
            let node = row.record
            if node.address == address || node.taggedAddresses.values.contains(address) {
                found = node.node
            }
        }
        return found
    }

    /// Returns the name of the node with this ID.
    package func nodeName(ofID id: String) -> String? { nodeIDs[TableKey.of(id)] }

    /// Finds nodes by their ID or a prefix of it, for a text that is no node's name.
    package func nodeNames(ofIDPrefix text: String) -> [String] {
        guard Self.isIDPrefix(text) else { return [] }
        var found: [String] = []
        nodeIDs.forEach(under: Array(TableKey.folded(text).utf8)) { name in
            if found.count < Limits.namedNodesMax { found.append(name) }
        }
        return found
    }

    /// Returns true for text that may be an ID or a prefix long enough to mean one: 8 to 36
    /// hexadecimal digits and hyphens.
    package static func isIDPrefix(_ text: String) -> Bool {
        (8...36).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) || $0 == 0x2D
            }
    }

    func checkInvariants(in store: StateStore) {
        nodes.checkInvariants()
        nodeIDs.checkInvariants()
        instances.checkInvariants()
        precondition(instances.count == instancesByService.count, "instance indexes differ")
        var meshCount = 0
        instances.forEach { if $0.record.service.meshService != nil { meshCount += 1 } }
        precondition(instancesByMeshService.count == meshCount, "mesh instances differ")
        for tree in [checks, checksByInstance, checksByService, checksByState] {
            tree.checkInvariants()
            precondition(tree.count == checks.count, "check indexes differ")
        }
        instances.forEach { row in
            precondition(node(row.record.node) != nil, "\(row.record.service.id) has no node")
        }
        checks.forEach { row in
            precondition(node(row.record.node) != nil, "\(row.record.checkID) has no node")
        }
    }
}

extension TableSet {
    package static let nodes = TableSet(rawValue: 1)
    package static let services = TableSet(rawValue: 1 << 1)
    package static let checks = TableSet(rawValue: 1 << 2)
}

extension RegionKind {
    /// Instances of a service, their nodes, and the checks that affect them.
    package static let service = RegionKind("service")
    /// Checks that name the service.
    package static let serviceChecks = RegionKind("service-checks")
    /// A node and the services on it.
    package static let node = RegionKind("node")
    package static let nodeChecks = RegionKind("node-checks")
    /// Checks in a state.
    package static let checkState = RegionKind("check-state")
}
