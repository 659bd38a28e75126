import ConsulClient

/// Follows one key. The first value is the one at the start; then each change comes as it happens.
func configReload(_ client: ConsulClient, key: String) async throws {
    for try await entry in client.kv.changes(of: key) {
        if let value = entry.value {
            say("\(key) = \(value.text)")
        } else {
            say("\(key) is not set")
        }
    }
}
