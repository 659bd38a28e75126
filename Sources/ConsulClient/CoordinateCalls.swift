public import ConsulModel
import Wire

/// `/v1/coordinate`: where nodes stand in the network, and so how far they are from each other.
public struct CoordinateCalls: Sendable {
    let client: ConsulClient

    /// Where the servers of all datacenters stand.
    public func datacenters() async throws(ConsulClientError) -> [DatacenterCoordinates] {
        try await client.send("GET", "/v1/coordinate/datacenters").successful().decode()
    }

    /// Those of all nodes of the datacenter, by node and segment.
    public func nodes(_ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [NodeCoordinate]
    {
        try await client.read("/v1/coordinate/nodes", options).value
    }

    /// Those of a node, by segment; empty where none is known.
    public func node(_ name: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [NodeCoordinate]
    {
        try await client.read(
            "/v1/coordinate/node/\(ConsulClient.escape(name))", options, missing: []
        ).value
    }

    /// Tells where a node stands that has no agent to find out. It counts some seconds later, and
    /// only for a node that the catalog has.
    public func update(_ request: CoordinateUpdateRequest) async throws(ConsulClientError) {
        try await client.write(
            "/v1/coordinate/update", body: JSONWriter.encode(request, audience: .client))
    }
}

extension ConsulClient {
    public var coordinates: CoordinateCalls { CoordinateCalls(client: self) }
}
