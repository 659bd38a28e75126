package import ConsulModel
internal import Primitives
internal import Vivaldi

/// Where nodes stand in the network, by node and segment. A node that goes takes its places along
/// (`StateStore.settleLosses`).
package struct CoordinateTable: Sendable {
    private(set) var rows = RadixTree<NodeCoordinate>()
    /// The last command that changed any.
    package private(set) var index: UInt64 = 0

    package var count: Int { rows.count }

    // MARK: Reading

    /// All, by node and segment.
    package func list() -> Reading<[NodeCoordinate]> {
        var found: [NodeCoordinate] = []
        found.reserveCapacity(rows.count)
        rows.forEach { found.append($0) }
        return Reading(found, index, .tables(.coordinates))
    }

    /// Those of a node, by segment.
    package func list(node: String) -> Reading<[NodeCoordinate]> {
        var found: [NodeCoordinate] = []
        rows.forEach(under: TableKey.of(node)) { found.append($0) }
        return Reading(found, index, .folding(.nodeCoordinates, node))
    }

    /// The same, to take distances from.
    package func set(of node: String) -> CoordinateSet {
        var set = CoordinateSet()
        rows.forEach(under: TableKey.of(node)) { set.bySegment[$0.segment] = $0.coordinate }
        return set
    }

    /// What stands for this node and segment, letters of any case.
    package func standing(_ node: String, segment: String) -> NodeCoordinate? {
        rows[TableKey.of(node, segment)]
    }

    // MARK: Writing

    /// Takes what is new and valid.
    /// - Parameter isKnown: whether the catalog has a node of this name. A late update must not
    ///   bring back what went with its node.
    mutating func update(
        _ batch: [NodeCoordinate], isKnown: (String) -> Bool, at index: UInt64,
        _ changes: inout Changes
    ) {
        for row in batch where row.coordinate.isValid && isKnown(row.node) {
            let key = TableKey.of(row.node, row.segment)
            if rows[key] == row { continue }
            rows.insert(row, for: key)
            touch(row.node, at: index, &changes)
        }
    }

    mutating func remove(node: String, at index: UInt64, _ changes: inout Changes) {
        if rows.removeAll(under: TableKey.of(node)) > 0 { touch(node, at: index, &changes) }
    }

    private mutating func touch(_ node: String, at index: UInt64, _ changes: inout Changes) {
        self.index = index
        changes.tables.insert(.coordinates)
        changes.touch(.nodeCoordinates, node)
    }

    // MARK: Restoring

    mutating func restore(_ row: NodeCoordinate) {
        guard row.coordinate.isValid else { return }
        rows.insert(row, for: TableKey.of(row.node, row.segment))
    }

    mutating func restore(index: UInt64) { self.index = max(self.index, index) }

    func checkInvariants(_ catalog: Catalog) {
        rows.checkInvariants()
        rows.forEach { row in
            precondition(catalog.node(row.node) != nil, "\(row.node) has a place and is no node")
            precondition(row.coordinate.isValid, "\(row.node) has no valid place")
        }
    }
}

extension RegionKind {
    /// The coordinates of a node.
    package static let nodeCoordinates = RegionKind("node-coordinates")
}
