public import Vivaldi
public import Wire

// The replies to reads of the catalog, with Consul's names.

public struct IndexedNodes: IndexedReply, Hashable, Sendable {
    public var value: [Node] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Nodes", &value)
        try visit.embed(&meta)
    }
}

/// Every service's name with the union of its instances' tags.
public struct IndexedServices: IndexedReply, Hashable, Sendable {
    public var value: [String: [String]] = [:]
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Services", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedServiceNodes: IndexedReply, Hashable, Sendable {
    public var value: [ServiceNode] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ServiceNodes", &value)
        try visit.embed(&meta)
    }
}

/// Nil for an unknown node.
public struct IndexedNodeServices: IndexedReply, Hashable, Sendable {
    public var value: NodeServices?
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("NodeServices", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedNodeServiceList: IndexedReply, Hashable, Sendable {
    public var value = NodeServiceList()
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("NodeServices", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedHealthChecks: IndexedReply, Hashable, Sendable {
    public var value: [HealthCheck] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("HealthChecks", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedCheckServiceNodes: IndexedReply, Hashable, Sendable {
    public var value: [CheckServiceNode] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Nodes", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedCoordinates: IndexedReply, Hashable, Sendable {
    public var value: [NodeCoordinate] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Coordinates", &value)
        try visit.embed(&meta)
    }
}

/// A node with its services by ID: `/v1/catalog/node/:node`.
public struct NodeServices: Record, Hashable, Sendable {
    public var node = Node()
    public var services: [String: NodeService] = [:]
    public init() {}
    /// - Returns: nil for an unknown node.
    public init?(_ list: NodeServiceList) {
        guard let node = list.node else { return nil }
        self.node = node
        for service in list.services ?? [] { services[service.id] = service }
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Services", &services)
    }
}

/// A node with its services in order of their IDs; both nil for an unknown node:
/// `/v1/catalog/node-services/:node`.
public struct NodeServiceList: Record, Hashable, Sendable {
    public var node: Node?
    public var services: [NodeService]?
    public init() {}
    public init(node: Node, services: [NodeService]) {
        self.node = node
        self.services = services
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Services", &services)
    }
}
