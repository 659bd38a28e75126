public import Primitives
public import Vivaldi
public import Wire

/// Where a node stands: `/v1/coordinate/nodes`.
public struct NodeCoordinate: Record, Hashable, Sendable {
    public var node = ""
    /// The network segment in which it was measured; empty for the one that all share.
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

/// Where the servers of a datacenter stand among all datacenters' servers:
/// `/v1/coordinate/datacenters`.
public struct DatacenterCoordinates: Record, Hashable, Sendable {
    public var datacenter = ""
    /// The gossip pool in which they were measured. Those of two pools cannot be compared.
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

/// `PUT /v1/coordinate/update`: what a node found out about its own place.
public struct CoordinateUpdateRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var node = ""
    public var segment = ""
    /// Nil is refused.
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

    /// Those of `node` among `rows`.
    public init(of node: String, in rows: [NodeCoordinate]) {
        for row in rows where row.node == node { bySegment[row.segment] = row.coordinate }
    }

    public var isEmpty: Bool { bySegment.isEmpty }

    /// The coordinates of both that can be compared; a missing one is nil. A node with one segment
    /// alone says which (it is a client; servers are in all), the other one of two such; else it is
    /// the segment that all share.
    public func common(with other: CoordinateSet) -> (mine: Coordinate?, other: Coordinate?) {
        var segment = ""
        if bySegment.count == 1, let only = bySegment.first?.key { segment = only }
        if other.bySegment.count == 1, let only = other.bySegment.first?.key { segment = only }
        return (bySegment[segment], other.bySegment[segment])
    }

    /// The estimated round-trip time between the two nodes; nil where it is not known.
    public func roundTrip(to other: CoordinateSet) -> GoDuration? {
        let (mine, theirs) = common(with: other)
        guard let mine, let theirs else { return nil }
        return mine.roundTrip(to: theirs)
    }
}
