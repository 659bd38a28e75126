import ConsulClient

/// Leads whenever it can: of all programs that run this with the same key, one at a time does.
func leaderElection(_ client: ConsulClient, key: String) async throws {
    while !Task.isCancelled {
        let run = try await client.withLock(key) { token in
            // Give the token to what stores the results: it can refuse a former leader's.
            say("leading, token \(token > 0 ? "given" : "missing")")
            while !Task.isCancelled {
                // … the leader's work, a step at a time …
                try await Task.sleep(nanoseconds: 100_000_000)
            }
        }
        if case .lost(let reason) = run { say("lost the lead: \(reason)") }
    }
}
