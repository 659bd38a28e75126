import Primitives

/// The last calls about a lock, each bounded by `Limits.partingTime`: a program that ends must not
/// wait a minute for an agent that no longer answers.
extension HeldLock {
    /// - Throws: the failure of `release`, or a timeout.
    public func releaseInTime() async throws(LockError) {
        try await bounded("release lock") { [self] () async throws(LockError) in
            try await release()
        }
    }

    /// - Throws: the failure of `cleanUp`, or a timeout.
    public func cleanUpInTime() async throws(LockError) -> Bool {
        try await bounded("remove lock") { [self] () async throws(LockError) in
            try await cleanUp()
        }
    }

    private func bounded<Value: Sendable>(
        _ doing: String, _ body: @escaping @Sendable () async throws(LockError) -> Value
    ) async throws(LockError) -> Value {
        let limit = Limits.partingTime
        let call = Task { () -> Result<Value, LockError> in
            do throws(LockError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        let timer = Task { () -> Bool in
            guard await Pause.pass(limit) else { return false }
            call.cancel()
            return true
        }
        let outcome = await call.value
        timer.cancel()
        if case .failure = outcome, await timer.value {
            throw .failed(
                doing: doing,
                ConsulClientError("the agent did not answer within \(limit)", isUnreachable: true))
        }
        return try outcome.get()
    }
}
