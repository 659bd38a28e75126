package import ConsulModel
package import Wire

/// `/v1/agent` and `/v1/event`.
extension ConsulClient {
    package func members(wan: Bool = false) async throws(ConsulClientError) -> [Member] {
        try await send("GET", "/v1/agent/members", wan ? [("wan", "1")] : [])
            .successful().decode()
    }

    package func reload() async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/agent/reload").successful()
    }

    /// A reload with a report of what it changed; as a rehearsal, of what it would change.
    package func reload(isRehearsal: Bool) async throws(ConsulClientError) -> ReloadReport {
        let parameters = isRehearsal ? [("report", ""), ("dry-run", "")] : [("report", "")]
        return try await send("PUT", "/v1/agent/reload", parameters).successful().decode()
    }

    package func leave() async throws(ConsulClientError) {
        _ = try await send("PUT", "/v1/agent/leave").successful()
    }

    package func fire(_ event: UserEvent) async throws(ConsulClientError) -> UserEvent {
        var parameters: [(String, String)] = []
        if !event.nodeFilter.isEmpty { parameters.append(("node", event.nodeFilter)) }
        if !event.serviceFilter.isEmpty { parameters.append(("service", event.serviceFilter)) }
        if !event.tagFilter.isEmpty { parameters.append(("tag", event.tagFilter)) }
        return try await send(
            "PUT", "/v1/event/fire/\(Self.escape(event.name))", parameters,
            body: event.payload.array
        ).successful().decode()
    }

    /// A list of the agent's own: plugins, watches. The caller knows its shape.
    package func agentList<Value: WireValue>(_ path: String)
        async throws(ConsulClientError) -> Value
    {
        try await send("GET", "/v1/agent/\(path)").successful().decode()
    }
}
