/// `/v1/agent`: the agent at the client's address, its services and its checks.
public struct AgentCalls: Sendable {
    let client: ConsulClient

    /// Its configuration, counters and metadata.
    public func description() async throws(ConsulClientError) -> JSONValue {
        try await client.agentList("self")
    }

    public func members(wan: Bool = false) async throws(ConsulClientError) -> [Member] {
        try await client.members(wan: wan)
    }

    /// The machine on which it runs.
    public func host() async throws(ConsulClientError) -> HostInfo {
        try await client.agentList("host")
    }

    public func reload() async throws(ConsulClientError) { try await client.reload() }

    // MARK: Services and checks

    /// Keyed by ID.
    public func services() async throws(ConsulClientError) -> [String: NodeService] {
        try await client.agentList("services")
    }

    /// Keyed by ID.
    public func checks() async throws(ConsulClientError) -> [String: HealthCheck] {
        try await client.agentList("checks")
    }

    /// Registers a service, or replaces the one with its ID. It stays when the program ends.
    public func register(_ service: ServiceDefinition) async throws(ConsulClientError) {
        try await client.register(service)
    }

    public func deregister(service id: String) async throws(ConsulClientError) {
        try await client.deregister(service: id)
    }

    public func register(_ check: CheckDefinition) async throws(ConsulClientError) {
        try await client.write(
            "/v1/agent/check/register", body: JSONWriter.encode(check, audience: .client))
    }

    public func deregister(check id: String) async throws(ConsulClientError) {
        try await client.write("/v1/agent/check/deregister/\(ConsulClient.escape(id))")
    }

    /// Sends the heartbeat of a TTL check: its status for the next TTL.
    /// - Parameters:
    ///   - id: `service:web` for the only check of the service `web`.
    ///   - output: shown with the status.
    public func heartbeat(
        check id: String, _ status: CheckStatus = .passing, output: String = ""
    ) async throws(ConsulClientError) {
        let body = JSONWriter.encode(["Status": status.rawValue, "Output": output])
        try await client.write("/v1/agent/check/update/\(ConsulClient.escape(id))", body: body)
    }

    /// Starts or ends the maintenance mode, in which a service is not healthy.
    /// - Parameter service: its ID; empty for the node.
    public func setMaintenance(_ isOn: Bool, service: String = "", reason: String = "")
        async throws(ConsulClientError)
    {
        try await client.setMaintenance(isOn, service: service, reason: reason)
    }

    /// Passes log lines to `line` as they arrive, until the agent ends or the task is cancelled.
    /// - Parameter level: `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERR`.
    public func log(level: String = "INFO", line: @escaping @Sendable ([UInt8]) -> Void)
        async throws(ConsulClientError)
    {
        try await client.monitor(level: level, line: line)
    }
}

/// `/v1/event`: events to all agents.
public struct EventCalls: Sendable {
    let client: ConsulClient

    /// - Parameters:
    ///   - payload: about a hundred bytes, because it travels in datagrams.
    ///   - node: a pattern for the target nodes; empty for all. So are `service` and `tag`.
    /// - Returns: the event with its ID.
    @discardableResult
    public func fire(
        _ name: String, _ payload: [UInt8] = [], node: String = "", service: String = "",
        tag: String = ""
    ) async throws(ConsulClientError) -> UserEvent {
        var event = UserEvent()
        event.name = name
        event.payload = Bytes(payload)
        event.nodeFilter = node
        event.serviceFilter = service
        event.tagFilter = tag
        return try await client.fire(event)
    }

    /// Returns the last events, oldest first, at most 256.
    /// - Parameter name: nil for all.
    public func list(_ name: String? = nil) async throws(ConsulClientError) -> [UserEvent] {
        try await client.read("/v1/event/list", QueryOptions(), name.map { [("name", $0)] } ?? [])
            .value
    }
}

/// `/v1/status`: the servers.
public struct StatusCalls: Sendable {
    let client: ConsulClient

    /// `ip:port`; empty without a leader.
    public func leader() async throws(ConsulClientError) -> String {
        try await client.read("/v1/status/leader", QueryOptions()).value
    }

    public func peers() async throws(ConsulClientError) -> [String] {
        try await client.read("/v1/status/peers", QueryOptions()).value
    }
}

extension ConsulClient {
    public var agent: AgentCalls { AgentCalls(client: self) }
    public var events: EventCalls { EventCalls(client: self) }
    public var status: StatusCalls { StatusCalls(client: self) }
}
