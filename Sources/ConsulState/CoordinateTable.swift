package import ConsulModel
internal import Primitives
internal import Vivaldi
internal import Wire

/// Holds the coordinates of nodes in the network, by node and segment. The removal of a node
/// removes its coordinates (`StateStore.settleLosses`).
package struct CoordinateTable: Sendable {
    private(set) var rows = RadixTree<NodeCoordinate>()
    /// The index of the last command that changed a coordinate.
    package private(set) var index: UInt64 = 0

    package var count: Int { rows.count }

    // MARK: Reading

    /// Returns all coordinates, by node and segment.
    package func list() -> Reading<[NodeCoordinate]> {
        var found: [NodeCoordinate] = []
        found.reserveCapacity(rows.count)
        rows.forEach { found.append($0) }
        return Reading(found, index, .tables(.coordinates))
    }

    /// Returns the coordinates of a node, by segment.
    package func list(node: String) -> Reading<[NodeCoordinate]> {
        var found: [NodeCoordinate] = []
        rows.forEach(under: TableKey.of(node)) { found.append($0) }
        return Reading(found, index, .folding(.nodeCoordinates, node))
    }

    /// Returns the coordinates of a node by segment, for computing distances.
    package func set(of node: String) -> CoordinateSet {
        var set = CoordinateSet()
        rows.forEach(under: TableKey.of(node)) { set.bySegment[$0.segment] = $0.coordinate }
        return set
    }

    /// Returns the coordinate of this node and segment, in any case.
    package func coordinate(_ node: String, segment: String) -> NodeCoordinate? {
        rows[TableKey.of(node, segment)]
    }

    // MARK: Writing

    /// Stores the new and valid coordinates of a batch.
    /// - Parameter isKnown: returns whether the catalog has a node of this name. A late update must
    ///   not restore the coordinates of a removed node.
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

    /// Some servers write no index of this table: then it is the index of the whole state.
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
