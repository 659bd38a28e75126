package import ConsulModel
package import Wire

/// `/v1/agent` and `/v1/event`.
extension ConsulClient {
    /// - Parameter segment: `_all` for all segments.
    package func members(wan: Bool = false, segment: String = "_all")
        async throws(ConsulClientError) -> [Member]
    {
        let parameters = [("segment", segment)] + (wan ? [("wan", "1")] : [])
        return try await send("GET", "/v1/agent/members", parameters).successful().decode()
    }

    package func reload() async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/agent/reload").successful()
    }

    /// Reloads the configuration, and returns a report of the changes; as a rehearsal, of the
    /// changes that it would make.
    package func reload(isRehearsal: Bool) async throws(ConsulClientError) -> ReloadReport {
        let parameters = isRehearsal ? [("report", ""), ("dry-run", "")] : [("report", "")]
        return try await send("PUT", "/v1/agent/reload", parameters).successful().decode()
    }

    package func leave() async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/agent/leave").successful()
    }

    /// - Parameter retention: the time for which the event is kept for nodes that are down; nil for
    ///   gossip only, empty for the agent's default.
    package func fire(
        _ event: UserEvent, keptFor retention: String? = nil
    ) async throws(ConsulClientError) -> UserEvent {
        var parameters: [(String, String)] = []
        if let retention {
            parameters.append(("reliable", ""))
            if !retention.isEmpty { parameters.append(("keep", retention)) }
        }
        if !event.nodeFilter.isEmpty { parameters.append(("node", event.nodeFilter)) }
        if !event.serviceFilter.isEmpty { parameters.append(("service", event.serviceFilter)) }
        if !event.tagFilter.isEmpty { parameters.append(("tag", event.tagFilter)) }
        return try await send(
            "PUT", "/v1/event/fire/\(Self.escape(event.name))", parameters,
            body: event.payload.array
        ).successful().decode()
    }

    package func eventStatus(_ id: String) async throws(ConsulClientError) -> EventStatus {
        try await send("GET", "/v1/event/status/\(Self.escape(id))").successful().decode()
    }

    package func eventStatuses() async throws(ConsulClientError) -> [EventStatus] {
        try await send("GET", "/v1/event/status/").successful().decode()
    }

    /// Returns a list of the agent's own: plugins, watches. The caller chooses its type.
    package func agentList<Value: WireValue>(_ path: String)
        async throws(ConsulClientError) -> Value
    {
        try await send("GET", "/v1/agent/\(path)").successful().decode()
    }
}

/// Services, maintenance, membership and the log of the agent.
extension ConsulClient {
    package func register(_ definition: ServiceDefinition) async throws(ConsulClientError) {
        _ = try await send(
            "PUT", "/v1/agent/service/register",
            body: JSONWriter.encode(definition, audience: .client)
        ).successful()
    }

    package func deregister(service id: String) async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/agent/service/deregister/\(Self.escape(id))").successful()
    }

    /// - Parameter id: a service's ID; empty for the node.
    package func setMaintenance(_ enable: Bool, service id: String, reason: String)
        async throws(ConsulClientError)
    {
        let path =
            id.isEmpty
            ? "/v1/agent/maintenance" : "/v1/agent/service/maintenance/\(Self.escape(id))"
        var parameters = [("enable", enable ? "true" : "false")]
        if enable { parameters.append(("reason", reason)) }
        _ = try await send("PUT", path, parameters).successful()
    }

    package func nodeName() async throws(ConsulClientError) -> String {
        let agent: JSONValue = try await agentList("self")
        return agent["Config"]?["NodeName"]?.stringValue ?? ""
    }

    package func join(_ address: String, wan: Bool) async throws(ConsulClientError) {
        let path = "/v1/agent/join/\(Self.escape(address))"
        _ = try await send("PUT", path, wan ? [("wan", "1")] : []).successful()
    }

    package func forceLeave(_ node: String, prune: Bool) async throws(ConsulClientError) {
        let path = "/v1/agent/force-leave/\(Self.escape(node))"
        _ = try await send("PUT", path, prune ? [("prune", "1")] : []).successful()
    }

    /// Passes log lines to `line` as they arrive, until the agent ends or the task is cancelled.
    /// - Parameter showsRecent: begins with recent lines, from an agent that keeps them.
    package func monitor(
        level: String, json: Bool = false, showsRecent: Bool = true,
        line: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(ConsulClientError) {
        var parameters = [("loglevel", level)]
        if json { parameters.append(("logjson", "true")) }
        if !showsRecent { parameters.append(("recent", "false")) }
        try await stream("/v1/agent/monitor", parameters, part: line)
    }
}

extension ConsulClient {
    /// Asks the members of the agent's pool; returns when all have answered or the time is over.
    package func query(_ query: PoolQuery) async throws(ConsulClientError) -> PoolAnswers {
        var parameters = query.nodes.map { ("node", $0) }
        parameters += query.tags.sorted { $0.key < $1.key }.map { ("tag", "\($0.key)=\($0.value)") }
        if query.wantsAcks { parameters.append(("ack", "")) }
        if query.timeout > .zero { parameters.append(("timeout", query.timeout.description)) }
        if query.relayFactor > 0 { parameters.append(("relay-factor", "\(query.relayFactor)")) }
        return try await send(
            "PUT", "/v1/agent/query/\(Self.escape(query.name))", parameters,
            body: query.payload.array
        ).successful().decode()
    }
}
