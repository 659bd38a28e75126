public import Wire

/// A service instance and its node in one flat record: `/v1/catalog/service/:name`.
public struct ServiceNode: Record, Hashable, Sendable {
    public var node = Node()
    public var service = NodeService()
    public init() {}
    public init(node: Node, service: NodeService) {
        self.node = node
        self.service = service
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &node.id)
        try visit.field("Node", &node.node)
        try visit.field("Address", &node.address)
        try visit.field("Datacenter", &node.datacenter)
        try visit.field("TaggedAddresses", &node.taggedAddresses, .nullWhenEmpty)
        try visit.field("NodeMeta", &node.meta, .nullWhenEmpty)
        try visit.field("ServiceKind", &service.kind)
        try visit.field("ServiceID", &service.id)
        try visit.field("ServiceName", &service.service)
        try visit.field("ServiceTags", &service.tags)
        try visit.field("ServiceAddress", &service.address)
        try visit.field("ServiceTaggedAddresses", &service.taggedAddresses, .omitEmpty)
        try visit.field("ServiceWeights", &service.weights)
        try visit.field("ServiceMeta", &service.meta)
        try visit.field("ServicePort", &service.port)
        try visit.field("ServiceEnableTagOverride", &service.enableTagOverride)
        try visit.field("ServiceProxy", &service.proxy)
        try visit.field("ServiceConnect", &service.connect)
        try visit.embed(&service.raftIndex)
    }
}
