package import ConsulModel
internal import Primitives
internal import Vivaldi
internal import Wire

/// Holds the coordinates of nodes in the network, by node and segment. A node that goes takes its
/// coordinates along (`StateStore.settleLosses`).
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

}

// MARK: Snapshots

extension CoordinateTable: StateTable {
    static let recordTypes = [MessageType.coordinates]
    private static let indexName = "coordinates"

    /// Each in a batch of its own, as Consul writes them.
    func sections() -> [any SnapshotSection] {
        [TreeSection(MessageType.coordinates, rows) { [$0] }]
    }

    mutating func restore(_ record: inout SnapshotRecord) throws {
        var batch: [NodeCoordinate] = []
        try batch.decode(from: &record.reader)
        for row in batch where row.coordinate.isValid {
            rows.insert(row, for: TableKey.of(row.node, row.segment))
        }
    }

    func indexes(in store: StateStore) -> [(name: String, value: UInt64)] {
        [(Self.indexName, index)]
    }

    mutating func restoreIndex(_ name: String, _ value: UInt64) -> Bool {
        guard name == Self.indexName else { return false }
        index = max(index, value)
        return true
    }

    /// Some servers write no index of this table: then it is as new as the whole state.
    mutating func finishRestore(lastIndex: UInt64) {
        if count > 0, index == 0 { index = lastIndex }
    }

    func checkInvariants(in store: StateStore) {
        rows.checkInvariants()
        rows.forEach { row in
            precondition(
                store.catalog.node(row.node) != nil, "\(row.node) has coordinates and is no node")
            precondition(row.coordinate.isValid, "\(row.node) has invalid coordinates")
        }
    }
}

extension TableSet {
    package static let coordinates = TableSet(rawValue: 1 << 4)
}

extension RegionKind {
    /// The coordinates of a node.
    package static let nodeCoordinates = RegionKind("node-coordinates")
}
