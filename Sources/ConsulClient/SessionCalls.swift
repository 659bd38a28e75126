/// `/v1/session`: the holders of locks. `SessionKeeper` keeps one alive.
public struct SessionCalls: Sendable {
    let client: ConsulClient

    /// - Returns: the session's ID.
    public func create(_ session: NewSession = NewSession()) async throws(ConsulClientError)
        -> String
    {
        try await client.sessionCreate(session)
    }

    /// Restarts its TTL; nil when it has ended.
    @discardableResult
    public func renew(_ id: String) async throws(ConsulClientError) -> Session? {
        try await client.sessionRenew(id)
    }

    /// Ends it. Its locks are free at once.
    public func destroy(_ id: String) async throws(ConsulClientError) {
        try await client.sessionDestroy(id)
    }

    /// Nil for an unknown session.
    public func get(_ id: String) async throws(ConsulClientError) -> Session? {
        try await client.sessionInfo(id)
    }

    public func list() async throws(ConsulClientError) -> [Session] {
        try await client.sessionList()
    }

    public func list(node: String) async throws(ConsulClientError) -> [Session] {
        try await client.read("/v1/session/node/\(ConsulClient.escape(node))", QueryOptions()).value
    }
}

extension ConsulClient {
    public var sessions: SessionCalls { SessionCalls(client: self) }
}
