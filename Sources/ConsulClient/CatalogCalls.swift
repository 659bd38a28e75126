/// `/v1/catalog`: nodes and services as the servers know them.
public struct CatalogCalls: Sendable {
    let client: ConsulClient

    public func datacenters() async throws(ConsulClientError) -> [String] {
        try await client.catalogDatacenters()
    }

    public func nodes(_ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [Node]
    {
        try await client.read("/v1/catalog/nodes", options).value
    }

    /// Every service's name, with its tags.
    public func services(_ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [String: [String]]
    {
        try await client.read("/v1/catalog/services", options).value
    }

    /// The instances of a service, healthy or not.
    /// - Parameter tag: only those that have it.
    public func service(
        _ name: String, tag: String? = nil, _ options: QueryOptions = QueryOptions()
    ) async throws(ConsulClientError) -> [ServiceNode] {
        try await client.read(
            "/v1/catalog/service/\(ConsulClient.escape(name))", options,
            tag.map { [("tag", $0)] } ?? []
        ).value
    }

    /// A node and its services by their IDs; nil for a node that is not there.
    public func node(_ name: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> NodeWithServices?
    {
        try await client.read("/v1/catalog/node/\(ConsulClient.escape(name))", options).value
    }

    /// Enters what has no agent of its own. What an agent runs is registered with that agent.
    public func register(_ request: RegisterRequest) async throws(ConsulClientError) {
        try await client.write(
            "/v1/catalog/register", body: JSONWriter.encode(request, audience: .client))
    }

    /// Takes out a node, or one service or check of it.
    public func deregister(_ request: DeregisterRequest) async throws(ConsulClientError) {
        try await client.write(
            "/v1/catalog/deregister", body: JSONWriter.encode(request, audience: .client))
    }

    /// All services, again after each change.
    public func changesOfServices(_ options: QueryOptions = QueryOptions())
        -> BlockingReads<[String: [String]]>
    {
        BlockingReads(options) { [client] options throws(ConsulClientError) in
            try await client.read("/v1/catalog/services", options)
        }
    }
}

/// `/v1/catalog/node/:name`.
public struct NodeWithServices: Record, Hashable, Sendable {
    public var node = Node()
    public var services: [String: NodeService] = [:]
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Services", &services)
    }
}

extension ConsulClient {
    public var catalog: CatalogCalls { CatalogCalls(client: self) }
}
