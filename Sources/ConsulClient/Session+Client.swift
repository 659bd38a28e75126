package import ConsulModel
package import Primitives
public import Wire

/// The parameters of a new session; missing ones have the agent's defaults.
public struct NewSession: Record, Hashable, Sendable {
    public var name = ""
    /// Empty for the agent's own node.
    public var node = ""
    /// A duration in Go's form, 10 s to 24 h: `15s`; empty for no TTL.
    public var ttl = ""
    /// The effect of its end on its keys: `release` or `delete`.
    public var behavior = SessionBehavior.release.rawValue
    /// The time for which its keys cannot be locked after it was lost: `15s`, 60 s at most.
    public var lockDelay = ""
    /// The checks on which it depends; nil for the agent's default, empty for none.
    public var checks: [String]?
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("Node", &node, .omitEmpty)
        try visit.field("TTL", &ttl, .omitEmpty)
        try visit.field("Behavior", &behavior, .omitEmpty)
        try visit.field("LockDelay", &lockDelay, .omitEmpty)
        try visit.field("Checks", &checks, .omitEmpty)
    }
}

/// `/v1/session`.
extension ConsulClient {
    /// - Returns: the session's ID.
    package func sessionCreate(
        _ session: NewSession, timeout: GoDuration = .seconds(60)
    ) async throws(ConsulClientError) -> String {
        let body = JSONWriter.encode(session, pretty: false)
        let answer: [String: String] = try await send(
            "PUT", "/v1/session/create", body: body, timeout: timeout
        ).successful().decode()
        return answer["ID"] ?? ""
    }

    package func sessionDestroy(
        _ id: String, timeout: GoDuration = .seconds(60)
    ) async throws(ConsulClientError) {
        _ = try await send(
            "PUT", "/v1/session/destroy/\(Self.escape(id))", timeout: timeout
        ).successful()
    }

    /// - Returns: nil when the session has ended.
    package func sessionRenew(
        _ id: String, timeout: GoDuration = .seconds(60)
    ) async throws(ConsulClientError) -> Session? {
        let answer = try await send(
            "PUT", "/v1/session/renew/\(Self.escape(id))", timeout: timeout)
        if answer.status == 404 { return nil }
        return try answer.successful().decode([Session].self).first
    }

    package func sessionList() async throws(ConsulClientError) -> [Session] {
        try await send("GET", "/v1/session/list").successful().decode()
    }

    package func sessionInfo(_ id: String) async throws(ConsulClientError) -> Session? {
        try await send("GET", "/v1/session/info/\(Self.escape(id))")
            .successful().decode([Session].self).first
    }
}
