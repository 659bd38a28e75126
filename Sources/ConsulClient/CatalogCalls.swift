/// `/v1/catalog`: nodes and services of the servers' catalog.
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

    /// Returns the instances of a service, healthy or not.
    /// - Parameter tag: only instances that have it.
    public func service(
        _ name: String, tag: String? = nil, _ options: QueryOptions = QueryOptions()
    ) async throws(ConsulClientError) -> [ServiceNode] {
        try await client.read(
            "/v1/catalog/service/\(ConsulClient.escape(name))", options,
            tag.map { [("tag", $0)] } ?? []
        ).value
    }

    /// Returns a node and its services by their IDs; nil for an unknown node.
    public func node(_ name: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> NodeWithServices?
    {
        try await client.read("/v1/catalog/node/\(ConsulClient.escape(name))", options).value
    }

    /// Registers a node or service without an agent. Services with an agent are registered with
    /// that agent.
    public func register(_ request: RegisterRequest) async throws(ConsulClientError) {
        try await client.write(
            "/v1/catalog/register", body: JSONWriter.encode(request, audience: .client))
    }

    /// Deregisters a node, or one service or check of it.
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
