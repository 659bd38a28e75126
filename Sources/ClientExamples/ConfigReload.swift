import ConsulClient

/// Follows one key. The first value is the present one; then each change arrives as it happens.
func configReload(_ client: ConsulClient, key: String) async throws {
    for try await entry in client.kv.changes(of: key) {
        if let value = entry.value {
            say("\(key) = \(value.text)")
        } else {
            say("\(key) is not set")
        }
    }
}
