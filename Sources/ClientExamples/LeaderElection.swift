import ConsulClient

/// Leads whenever it holds the lock: one program at a time, among all that run this with the same
/// key.
func leaderElection(_ client: ConsulClient, key: String) async throws {
    while !Task.isCancelled {
        let run = try await client.withLock(key) { token in
            // Pass the token to the store of the results: it can refuse a former leader's.
            say("leading, token \(token > 0 ? "given" : "missing")")
            while !Task.isCancelled {
                // … the leader's work, a step at a time …
                try await Task.sleep(nanoseconds: 100_000_000)
            }
        }
        if case .lost(let reason) = run { say("lost the lead: \(reason)") }
    }
}
