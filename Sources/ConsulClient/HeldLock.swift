public import Primitives

/// A lock or a semaphore's place, from the first try to the last sign of it.
public protocol HeldLock: Sendable {
    /// The key that shows who holds it: what a fencing token is about.
    var key: String { get }
    /// One attempt, which does not wait for others.
    func attempt() async throws(LockError) -> LockAttempt
    /// Returns when something may have changed since `index`, or after `wait`.
    func waitForChange(after index: UInt64, atMost wait: GoDuration) async throws(LockError)
    /// Looks, blocking until something changes, whether it is still held.
    /// - Parameter index: what the look before gave; 0 for the first.
    /// - Returns: nil when it is lost.
    func look(after index: UInt64) async throws(LockError) -> UInt64?
    func release() async throws(LockError)
    /// Takes the keys away.
    /// - Returns: false when others use them.
    func cleanUp() async throws(LockError) -> Bool
}

/// What came of an attempt.
public enum LockAttempt: Hashable, Sendable {
    /// Held from now on; `token` rises with each holder.
    case held(token: UInt64)
    /// Others hold it, as of an index.
    case taken(index: UInt64)
    /// Nobody holds it, but nobody may have it yet: its last holder's session ended, and it may not
    /// know.
    case delayed
    /// Another was quicker; the next attempt may do at once.
    case raced
}

/// Why a lock cannot be taken, watched or let go.
public enum LockError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key is there for some other use.
    case notALock
    case notASemaphore
    case limitConflict(lock: Int, local: Int)
    case session(ConsulClientError)
    /// The agent did not do what was asked.
    case failed(doing: String, ConsulClientError)

    /// The agent may answer better in a while.
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
    /// Waits its turn.
    ///
    /// - Parameter limit: how long; nil for as long as it takes, zero for one attempt.
    /// - Returns: the token; nil when the time was over or the task cancelled.
    /// - Throws: what no patience helps against. An agent that cannot be reached is asked again
    ///   until the time is over, once it has answered.
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

    /// Watches over what is held.
    ///
    /// - Parameter failuresMax: how many looks in a row may fail, a second apart; nil for any
    ///   number, where something else counts the session's time.
    /// - Returns: why it is lost; nil when the task was cancelled.
    public func watch(failuresMax: Int?) async -> String? {
        var cursor = BlockingCursor<UInt64>(BackOff(constant: Limits.retryWait))
        while !Task.isCancelled {
            do throws(LockError) {
                guard let next = try await look(after: cursor.minQueryIndex) else {
                    return "somebody took it away"
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
