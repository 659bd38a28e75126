package import ConsulModel
import Wire

/// `/v1/kv`.
extension ConsulClient {
    package func kvGet(_ key: String) async throws(ConsulClientError) -> KVEntry? {
        let answer = try await send("GET", "/v1/kv/\(Self.escape(key))")
        if answer.status == 404 { return nil }
        return try answer.successful().decode([KVEntry].self).first
    }

    package func kvList(_ prefix: String) async throws(ConsulClientError) -> [KVEntry] {
        let answer = try await send("GET", "/v1/kv/\(Self.escape(prefix))", [("recurse", "")])
        if answer.status == 404 { return [] }
        return try answer.successful().decode()
    }

    package func kvKeys(_ prefix: String, separator: String)
        async throws(ConsulClientError) -> [String]
    {
        let answer = try await send(
            "GET", "/v1/kv/\(Self.escape(prefix))", [("keys", ""), ("separator", separator)])
        if answer.status == 404 { return [] }
        return try answer.successful().decode()
    }

    /// - Returns: false when a cas, acquire or release did not apply.
    package func kvPut(_ key: String, _ value: [UInt8], _ parameters: [(String, String)] = [])
        async throws(ConsulClientError) -> Bool
    {
        // The agent would clean the path: another key would be written.
        guard !key.hasPrefix("/") else {
            throw ConsulClientError("Invalid key. Key must not begin with a '/': \(key)")
        }
        return try await send("PUT", "/v1/kv/\(Self.escape(key))", parameters, body: value)
            .successful().decode()
    }

    package func kvDelete(_ key: String, _ parameters: [(String, String)] = [])
        async throws(ConsulClientError) -> Bool
    {
        try await send("DELETE", "/v1/kv/\(Self.escape(key))", parameters).successful().decode()
    }
}
