package import ConsulModel
import Wire

/// `/v1/catalog`.
extension ConsulClient {
    package func catalogNodes(_ parameters: [(String, String)] = [])
        async throws(ConsulClientError) -> [Node]
    {
        try await send("GET", "/v1/catalog/nodes", parameters).successful().decode()
    }

    package func catalogServices(_ parameters: [(String, String)] = [])
        async throws(ConsulClientError) -> [String: [String]]
    {
        try await send("GET", "/v1/catalog/services", parameters).successful().decode()
    }

    package func catalogService(_ name: String, _ parameters: [(String, String)] = [])
        async throws(ConsulClientError) -> [ServiceNode]
    {
        try await send("GET", "/v1/catalog/service/\(Self.escape(name))", parameters)
            .successful().decode()
    }

    package func catalogDatacenters() async throws(ConsulClientError) -> [String] {
        try await send("GET", "/v1/catalog/datacenters").successful().decode()
    }
}
