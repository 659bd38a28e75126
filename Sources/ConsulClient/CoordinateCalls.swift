public import ConsulModel
import Wire

/// `/v1/coordinate`: the nodes' network coordinates, and so their distances.
public struct CoordinateCalls: Sendable {
    let client: ConsulClient

    /// Returns the coordinates of the servers of all datacenters.
    public func datacenters() async throws(ConsulClientError) -> [DatacenterCoordinates] {
        try await client.send("GET", "/v1/coordinate/datacenters").successful().decode()
    }

    /// Returns the coordinates of all nodes of the datacenter, by node and segment.
    public func nodes(_ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [NodeCoordinate]
    {
        try await client.read("/v1/coordinate/nodes", options).value
    }

    /// Returns the coordinates of a node, by segment; empty where none is known.
    public func node(_ name: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [NodeCoordinate]
    {
        try await client.read(
            "/v1/coordinate/node/\(ConsulClient.escape(name))", options, missing: []
        ).value
    }

    /// Sets the coordinate of a node without an agent. It takes effect some seconds later, and only
    /// for a node of the catalog.
    public func update(_ request: CoordinateUpdateRequest) async throws(ConsulClientError) {
        try await client.write(
            "/v1/coordinate/update", body: JSONWriter.encode(request, audience: .client))
    }
}

extension ConsulClient {
    public var coordinates: CoordinateCalls { CoordinateCalls(client: self) }
}
