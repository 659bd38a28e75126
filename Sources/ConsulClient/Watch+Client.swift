package import ConsulModel
package import Watch
import Wire

/// Reads a watch's source over HTTP, with the answer in the same form as inside the agent.
extension ConsulClient {
    /// Waits until the source's index differs from `after`.
    package func watch(_ source: WatchSource, after: WatchIndex?)
        async throws(ConsulClientError) -> WatchAnswer
    {
        guard let query = source.query else {
            throw ConsulClientError("Unsupported watch type: \(source.type)")
        }
        switch query {
        case .key(let query):
            return try await ask("kv/\(Self.escape(query.key))", query, after, missing: []) {
                (entries: [KVEntry]) in WatchContent(key: entries.first)
            }
        case .keyPrefix(let query):
            return try await ask(
                "kv/\(Self.escape(query.key))", query, after, [("recurse", "")], missing: []
            ) { WatchContent(keyPrefix: $0) }
        case .services(let query):
            return try await ask("catalog/services", query, after) { WatchContent(services: $0) }
        case .nodes(let query):
            return try await ask("catalog/nodes", query, after) { WatchContent(nodes: $0) }
        case .service(let query):
            var parameters = query.tags.map { ("tag", $0) }
            if query.passingOnly { parameters.append(("passing", "1")) }
            return try await ask(
                "health/service/\(Self.escape(query.serviceName))", query, after, parameters
            ) { WatchContent(instances: $0) }
        case .serviceChecks(let query):
            return try await ask("health/checks/\(Self.escape(query.serviceName))", query, after) {
                WatchContent(checks: $0)
            }
        case .checksInState(let query):
            return try await ask("health/state/\(Self.escape(query.state))", query, after) {
                WatchContent(checks: $0)
            }
        case .event(let name):
            let parameters = name.isEmpty ? [] : [("name", name)]
            return try await ask("event/list", DCSpecificRequest(), after, parameters) {
                WatchContent(events: $0)
            }
        case .agentService, .members, .question:
            throw ConsulClientError("Type \(source.type) is not supported in the CLI tool")
        }
    }

    /// - Parameter missing: the value for a 404; nil makes it an error.
    private func ask<Value: WireValue>(
        _ path: String, _ query: some ReadRequest, _ after: WatchIndex?,
        _ further: [(String, String)] = [], missing: Value? = nil,
        content: (Value) -> WatchContent
    ) async throws(ConsulClientError) -> WatchAnswer {
        var parameters = further
        if case .index(let index)? = after { parameters.append(("index", "\(index)")) }
        if !query.options.filter.isEmpty { parameters.append(("filter", query.options.filter)) }
        let answer = try await send("GET", "/v1/\(path)", parameters, timeout: nil)
        if answer.status == 404, let missing {
            return WatchAnswer(index: .index(answer.index), content: content(missing))
        }
        let value: Value = try answer.successful().decode()
        return WatchAnswer(index: .index(answer.index), content: content(value))
    }
}
