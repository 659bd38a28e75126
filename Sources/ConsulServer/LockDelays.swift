internal import ConsulState
package import Primitives
internal import Synchronization

/// Keys whose lock ended with its holder's session, and the time until which they cannot be locked:
/// the holder may not have noticed yet. Held next to the state, by this server's clock; a leader
/// checks it before it proposes a lock.
package final class LockDelays: Sendable {
    private struct State {
        var ends: [String: Instant] = [:]
        /// The number of entries at which expired ones are removed.
        var sweepAt = Limits.lockDelaysSweptMin
    }
    private let state = Mutex(State())
    private let clock: @Sendable () -> Instant

    package init(clock: @escaping @Sendable () -> Instant) { self.clock = clock }

    func note(_ lost: [LostLock]) {
        if lost.isEmpty { return }
        let now = clock()
        state.withLock { state in
            for lock in lost {
                state.ends[lock.key] = now + .nanoseconds(Int64(lock.delayNanoseconds))
            }
            guard state.ends.count >= state.sweepAt else { return }
            state.ends = state.ends.filter { $0.value > now }
            state.sweepAt = max(Limits.lockDelaysSweptMin, 2 * state.ends.count)
        }
    }

    func bars(_ key: String) -> Bool {
        state.withLock { state in
            guard let end = state.ends[key] else { return false }
            if clock() < end { return true }
            state.ends[key] = nil
            return false
        }
    }

    /// Forgets all delays, when the state is replaced.
    func forgetAll() { state.withLock { $0 = State() } }
}
