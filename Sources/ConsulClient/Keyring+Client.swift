package import ConsulModel
internal import Wire

/// The gossip keys (`/v1/operator/keyring`).
extension ConsulClient {
    /// - Parameters:
    ///   - relayFactor: members that also carry each answer, 0...5.
    ///   - isLocalOnly: leaves out the pool between datacenters.
    package func listKeys(
        relayFactor: Int, isLocalOnly: Bool
    ) async throws(ConsulClientError) -> [KeyringReport] {
        var parameters = Self.relay(relayFactor)
        if isLocalOnly { parameters.append(("local-only", "true")) }
        return try await send("GET", "/v1/operator/keyring", parameters).successful().decode()
    }

    /// Installs, uses or removes a key; lists nothing.
    package func changeKeys(
        _ operation: KeyringOperation, relayFactor: Int
    ) async throws(ConsulClientError) {
        var body = KeyringBody()
        let method: String
        switch operation {
        case .list: return
        case .install(let key): (method, body.key) = ("POST", key)
        case .use(let key): (method, body.key) = ("PUT", key)
        case .remove(let key): (method, body.key) = ("DELETE", key)
        }
        _ = try await send(
            method, "/v1/operator/keyring", Self.relay(relayFactor),
            body: JSONWriter.encode(body)
        ).successful()
    }

    private static func relay(_ factor: Int) -> [(String, String)] {
        factor == 0 ? [] : [("relay-factor", "\(factor)")]
    }
}
