/// `/v1/health`: services with their checks.
public struct HealthCalls: Sendable {
    let client: ConsulClient

    /// Returns the instances of a service with their checks.
    /// - Parameters:
    ///   - tag: only instances that have it.
    ///   - passingOnly: only instances whose checks all pass.
    public func service(
        _ name: String, tag: String? = nil, passingOnly: Bool = false,
        _ options: QueryOptions = QueryOptions()
    ) async throws(ConsulClientError) -> [CheckServiceNode] {
        try await instances(name, tag, passingOnly, options).value
    }

    /// Returns the checks of all instances of a service.
    public func checks(_ service: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [HealthCheck]
    {
        try await client.read("/v1/health/checks/\(ConsulClient.escape(service))", options).value
    }

    public func node(_ name: String, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [HealthCheck]
    {
        try await client.read("/v1/health/node/\(ConsulClient.escape(name))", options).value
    }

    /// - Parameter status: nil for all.
    public func checks(in status: CheckStatus?, _ options: QueryOptions = QueryOptions())
        async throws(ConsulClientError) -> [HealthCheck]
    {
        try await client.read("/v1/health/state/\(status?.rawValue ?? "any")", options).value
    }

    /// The instances of a service, again after each change of them or of their checks.
    public func changes(
        of service: String, tag: String? = nil, passingOnly: Bool = false,
        _ options: QueryOptions = QueryOptions()
    ) -> BlockingReads<[CheckServiceNode]> {
        BlockingReads(options) { options throws(ConsulClientError) in
            try await instances(service, tag, passingOnly, options)
        }
    }

    private func instances(
        _ name: String, _ tag: String?, _ passingOnly: Bool, _ options: QueryOptions
    ) async throws(ConsulClientError) -> Indexed<[CheckServiceNode]> {
        var parameters = tag.map { [("tag", $0)] } ?? []
        if passingOnly { parameters.append(("passing", "1")) }
        return try await client.read(
            "/v1/health/service/\(ConsulClient.escape(name))", options, parameters)
    }
}

extension ConsulClient {
    public var health: HealthCalls { HealthCalls(client: self) }
}
