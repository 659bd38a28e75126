package import ConsulModel

/// `/v1/operator`.
extension ConsulClient {
    package func raftConfiguration() async throws(ConsulClientError) -> RaftConfiguration {
        do throws(ConsulClientError) {
            return try await send("GET", "/v1/operator/raft/configuration").successful().decode()
        } catch {
            throw ConsulClientError(
                "Failed to retrieve raft configuration: \(error)",
                isUnreachable: error.isUnreachable)
        }
    }

    /// - Parameters:
    ///   - id: the server's ID; or
    ///   - address: its address.
    package func removeRaftPeer(id: String, address: String) async throws(ConsulClientError) {
        let parameter = id.isEmpty ? ("address", address) : ("id", id)
        _ = try await send("DELETE", "/v1/operator/raft/peer", [parameter]).successful()
    }
}
