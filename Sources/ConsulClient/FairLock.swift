import ConsulModel
package import Primitives

/// A lock on one key that waiters acquire in the order of arrival.
package struct FairLock: HeldLock {
    private let queue: LockQueue
    private let holder: LockHolder

    /// - Parameter session: must delete its keys when it ends.
    package init(prefix: String, session: String, client: ConsulClient) {
        queue = LockQueue(prefix: prefix, session: session, mode: .exclusive, client: client)
        holder = LockHolder(key: queue.lockKey, session: session, client: client)
    }

    package var key: String { holder.key }

    package func attempt() async throws(LockError) -> LockAttempt {
        let view = try await queue.view()
        if let lock = view.lock, lock.session == queue.session {
            return .held(token: lock.raftIndex.modifyIndex)
        }
        guard let place = view.place(of: queue.session) else {
            return try await queue.enter() ? attempt() : .raced
        }
        if place > 0 || view.lock?.session.isEmpty == false { return .taken(index: view.index) }
        let taking = KeyOperation(
            "lock", key, flags: LockHolder.flags, session: queue.session)
        if try await queue.transact("acquire lock", [taking, queue.holding]) {
            return try await attempt()
        }
        let now = try await queue.view()
        return now.lock?.session.isEmpty == false ? .taken(index: now.index) : .delayed
    }

    package func waitForChange(
        after index: UInt64, atMost wait: GoDuration
    ) async throws(LockError) {
        try await queue.waitForChange(after: index, atMost: wait)
    }

    package func look(after index: UInt64) async throws(LockError) -> UInt64? {
        try await holder.look(after: index)
    }

    package func release() async throws(LockError) {
        let letting = KeyOperation(
            "unlock", key, flags: LockHolder.flags, session: queue.session)
        if try await queue.transact("release lock", [letting, queue.leaving]) { return }
        try await queue.leave()
    }

    package func cleanUp() async throws(LockError) -> Bool { try await holder.cleanUp() }
}
