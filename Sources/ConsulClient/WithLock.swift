import Platform

extension ConsulClient {
    /// The result of `withLock`.
    public enum LockedRun<Value: Sendable>: Sendable {
        /// The body ran to its end with the lock held.
        case done(Value)
        /// The lock could not be acquired in time; the body did not run.
        case notAcquired
        /// The lock was lost while the body ran, which was cancelled; the reason.
        case lost(String)
    }

    /// Runs `body` while holding a lock, as its only runner in the whole cluster.
    ///
    /// When the lock is no longer certain (its session ended, the agent is out of reach), the
    /// body's task is cancelled, before another client may acquire the lock; it must then end soon.
    /// Writes to data that others read too should contain the token, which rises with each holder.
    ///
    /// - Parameters:
    ///   - key: the lock's key; `consul lock` and HashiCorp's clients respect it.
    ///   - ttl: the session's TTL, 10 s to 24 h: the time that others wait when this program dies.
    ///   - limit: the longest wait for the lock; nil for no limit.
    ///   - body: receives the token.
    public func withLock<Value: Sendable>(
        _ key: String, ttl: GoDuration = SessionKeeper.lockTTL, within limit: GoDuration? = nil,
        _ body: @escaping @Sendable (_ token: UInt64) async throws -> Value
    ) async throws -> LockedRun<Value> {
        var wanted = NewSession()
        wanted.name = "lock \(key)"
        let keeper = try await SessionKeeper.create(wanted, ttl: ttl, client: self)
        let lock = LockHolder(key: key, session: keeper.id, client: self)
        let outcome: Result<LockedRun<Value>, any Error>
        do {
            outcome = .success(try await run(lock, keeper, limit, body))
        } catch {
            outcome = .failure(error)
        }
        // Also for a cancelled task: others wait for the lock.
        await Task {
            try? await lock.releaseInTime()
            await keeper.destroy()
        }.value
        return try outcome.get()
    }

    private enum Turn<Value: Sendable>: Sendable {
        case body(Result<Value, any Error>)
        case lost(String)
        case stopped
    }

    private func run<Value: Sendable>(
        _ lock: LockHolder, _ keeper: SessionKeeper, _ limit: GoDuration?,
        _ body: @escaping @Sendable (UInt64) async throws -> Value
    ) async throws -> LockedRun<Value> {
        try await withThrowingTaskGroup(of: Turn<Value>.self) { group in
            group.addTask {
                let loss = await keeper.run(margin: keeper.ttl / Limits.renewalsPerTTL)
                return loss.map { .lost("\($0)") } ?? .stopped
            }
            defer { group.cancelAll() }
            let token = try await lock.acquire(within: limit, now: SystemClock.now)
            guard let token else { return .notAcquired }
            group.addTask {
                do {
                    return .body(.success(try await body(token)))
                } catch {
                    return .body(.failure(error))
                }
            }
            group.addTask {
                let loss = await lock.watch(failuresMax: nil)
                return loss.map { .lost($0) } ?? .stopped
            }
            var lost: String?
            while let turn = try await group.next() {
                switch turn {
                case .body(let outcome):
                    // An error of a cancelled body is a consequence of the cancellation.
                    if let lost { return .lost(lost) }
                    return .done(try outcome.get())
                case .lost(let reason):
                    lost = lost ?? reason
                    group.cancelAll()
                case .stopped: break
                }
            }
            return .lost(lost ?? "the task was cancelled")
        }
    }
}
