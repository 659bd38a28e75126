public import Primitives

/// A lock or a semaphore's slot, from the first attempt to its removal.
public protocol HeldLock: Sendable {
    /// The key that shows the holder, for fencing tokens.
    var key: String { get }
    /// Makes one attempt, without waiting for others.
    func attempt() async throws(LockError) -> LockAttempt
    /// Returns when something may have changed since `index`, or after `wait`.
    func waitForChange(after index: UInt64, atMost wait: GoDuration) async throws(LockError)
    /// Checks whether it is still held, blocking until something changes.
    /// - Parameter index: the previous result; 0 for the first call.
    /// - Returns: nil when it is lost.
    func look(after index: UInt64) async throws(LockError) -> UInt64?
    func release() async throws(LockError)
    /// Deletes the keys.
    /// - Returns: false when others use them.
    func cleanUp() async throws(LockError) -> Bool
}

/// The result of an attempt.
public enum LockAttempt: Hashable, Sendable {
    /// Held from now on; `token` rises with each holder.
    case held(token: UInt64)
    /// Others hold it, at this index.
    case taken(index: UInt64)
    /// It is free, but protected by lock-delay: its last holder's session ended, and the holder may
    /// not have noticed.
    case delayed
    /// Another contender was faster; the next attempt may follow at once.
    case raced
}

/// The reason why a lock cannot be acquired, watched or released.
public enum LockError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key is used for something else.
    case notALock
    case notASemaphore
    case limitConflict(lock: Int, local: Int)
    case session(ConsulClientError)
    /// A request to the agent failed.
    case failed(doing: String, ConsulClientError)

    /// True for an error that may pass.
    public var mayPass: Bool {
        guard case .failed(_, let error) = self else { return false }
        return error.isUnreachable || (error.status ?? 0) >= 500
    }

    public var description: String {
        switch self {
        case .notALock: "Existing key does not match lock use"
        case .notASemaphore: "Existing key does not match semaphore use"
        case .limitConflict(let lock, let local):
            "semaphore limit conflict (lock: \(lock), local: \(local))"
        case .session(let error): "failed to create session: \(error)"
        case .failed(let doing, let error): "failed to \(doing): \(error)"
        }
    }
}

extension HeldLock {
    /// Waits for the lock.
    ///
    /// - Parameter limit: the longest wait; nil for no limit, zero for one attempt.
    /// - Returns: the token; nil at the limit, or when the task was cancelled.
    /// - Throws: errors that retrying cannot fix. An agent that has answered once and is
    ///   unreachable now is retried until the limit.
    public func acquire(
        within limit: GoDuration?, now: @Sendable () -> Instant
    ) async throws(LockError) -> UInt64? {
        let end = limit.map { now() + $0 } ?? .distantFuture
        var hasAnswered = false
        while !Task.isCancelled {
            let left = end == .distantFuture ? Limits.lockWait : end - now()
            do throws(LockError) {
                let attempt = try await attempt()
                hasAnswered = true
                if case .held(let token) = attempt { return token }
                let isOver = end != .distantFuture && end - now() <= .zero
                if isOver { return nil }
                try await wait(behind: attempt, atMost: min(left, Limits.lockWait))
            } catch {
                if Task.isCancelled { return nil }
                guard hasAnswered, error.mayPass else { throw error }
                guard left > .zero, await Pause.pass(min(Limits.retryWait, left)) else {
                    return nil
                }
            }
        }
        return nil
    }

    private func wait(
        behind attempt: LockAttempt, atMost wait: GoDuration
    ) async throws(LockError) {
        switch attempt {
        case .held, .raced: break
        case .delayed: _ = await Pause.pass(min(wait, Limits.lockDelayRetry))
        case .taken(let index): try await waitForChange(after: index, atMost: wait)
        }
    }

    /// Watches the held lock.
    ///
    /// - Parameter failuresMax: the number of consecutive failed checks, a second apart; nil for
    ///   any number, where something else counts the session's time.
    /// - Returns: the reason of the loss; nil when the task was cancelled.
    public func watch(failuresMax: Int?) async -> String? {
        var cursor = BlockingCursor<UInt64>(BackOff(constant: Limits.retryWait))
        while !Task.isCancelled {
            do throws(LockError) {
                guard let next = try await look(after: cursor.minQueryIndex) else {
                    return "another client took it away"
                }
                _ = cursor.receive(next)
            } catch {
                let wait = cursor.fail()
                if !error.mayPass || cursor.failures > failuresMax ?? .max { return "\(error)" }
                guard await Pause.pass(wait) else { return nil }
            }
        }
        return nil
    }
}
