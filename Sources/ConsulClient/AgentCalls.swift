/// `/v1/agent`: the agent that is asked, its services and its checks.
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

    /// By their IDs.
    public func services() async throws(ConsulClientError) -> [String: NodeService] {
        try await client.agentList("services")
    }

    /// By their IDs.
    public func checks() async throws(ConsulClientError) -> [String: HealthCheck] {
        try await client.agentList("checks")
    }

    /// Registers a service, or replaces the one of its ID. It stays when the program ends.
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

    /// The heartbeat of a TTL check: its status from now on, for its TTL.
    /// - Parameters:
    ///   - id: `service:web` for the one check of the service `web`.
    ///   - output: shown beside the status.
    public func heartbeat(
        check id: String, _ status: CheckStatus = .passing, output: String = ""
    ) async throws(ConsulClientError) {
        let body = JSONWriter.encode(["Status": status.rawValue, "Output": output])
        try await client.write("/v1/agent/check/update/\(ConsulClient.escape(id))", body: body)
    }

    /// Takes a service out of the healthy ones, or puts it back.
    /// - Parameter service: its ID; empty for the node.
    public func setMaintenance(_ isOn: Bool, service: String = "", reason: String = "")
        async throws(ConsulClientError)
    {
        try await client.setMaintenance(isOn, service: service, reason: reason)
    }

    /// Hands over log lines as they come, until the agent ends or the task is cancelled.
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
    ///   - payload: a hundred bytes or so: it travels in datagrams.
    ///   - node: a pattern for the nodes that are meant; empty for all. So are `service` and `tag`.
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

    /// The last events, oldest first, at most 256.
    /// - Parameter name: nil for all.
    public func list(_ name: String? = nil) async throws(ConsulClientError) -> [UserEvent] {
        try await client.read("/v1/event/list", QueryOptions(), name.map { [("name", $0)] } ?? [])
            .value
    }
}

/// `/v1/status`: the servers.
public struct StatusCalls: Sendable {
    let client: ConsulClient

    /// `ip:port`; empty while nobody leads.
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
