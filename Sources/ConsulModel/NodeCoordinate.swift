public import Primitives
public import Vivaldi
public import Wire

/// A node's network coordinate: `/v1/coordinate/nodes`.
public struct NodeCoordinate: Record, Hashable, Sendable {
    public var node = ""
    /// The network segment of the measurement; empty for the common one.
    public var segment = ""
    public var coordinate = Coordinate()
    public init() {}
    public init(_ node: String, segment: String = "", _ coordinate: Coordinate) {
        self.node = node
        self.segment = segment
        self.coordinate = coordinate
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Segment", &segment)
        try visit.field("Coord", &coordinate)
    }
}

/// The coordinates of a datacenter's servers among all datacenters' servers:
/// `/v1/coordinate/datacenters`.
public struct DatacenterCoordinates: Record, Hashable, Sendable {
    public var datacenter = ""
    /// The gossip pool of the measurement. Coordinates of two pools cannot be compared.
    public var area = ""
    public var coordinates: [NodeCoordinate] = []
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("AreaID", &area)
        try visit.field("Coordinates", &coordinates)
    }
}

/// A node's update of its own coordinate: `PUT /v1/coordinate/update`.
public struct CoordinateUpdateRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var node = ""
    public var segment = ""
    /// Nil is rejected.
    public var coordinate: Coordinate?
    public var token = ""
    public init() {}

    public var subject: String { node }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Node", &node)
        try visit.field("Segment", &segment)
        try visit.field("Coord", &coordinate)
        try visit.field("Token", &token, .binaryOnly)
    }
}

/// The coordinates of one node, by segment.
public struct CoordinateSet: Hashable, Sendable {
    public var bySegment: [String: Coordinate] = [:]
    public init() {}

    /// Collects the coordinates of `node` from `rows`.
    public init(of node: String, in rows: [NodeCoordinate]) {
        for row in rows where row.node == node { bySegment[row.segment] = row.coordinate }
    }

    public var isEmpty: Bool { bySegment.isEmpty }

    /// Returns the coordinates of both in a common segment; a missing one is nil. A node with
    /// exactly one segment determines it (it is a client; servers are in all), the other node where
    /// both have one; else it is the common segment.
    public func common(with other: CoordinateSet) -> (mine: Coordinate?, other: Coordinate?) {
        var segment = ""
        if bySegment.count == 1, let only = bySegment.first?.key { segment = only }
        if other.bySegment.count == 1, let only = other.bySegment.first?.key { segment = only }
        return (bySegment[segment], other.bySegment[segment])
    }

    /// Returns the estimated round-trip time between the two nodes; nil where it is not known.
    public func roundTrip(to other: CoordinateSet) -> GoDuration? {
        let (mine, theirs) = common(with: other)
        guard let mine, let theirs else { return nil }
        return mine.roundTrip(to: theirs)
    }
}
