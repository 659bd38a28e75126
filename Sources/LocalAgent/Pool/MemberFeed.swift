package import ConsulModel
internal import Synchronization

/// Wakes the readers of the member list when it changes. Its readers are this agent's watches,
/// which are bounded.
package final class MemberFeed: Sendable {
    private struct State {
        var members: [Member] = []
        var revision: UInt64 = 1
        /// True when the list may have changed since it was read.
        var isStale = false
        var source: (@Sendable () -> [Member])?
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }
    private typealias Waiter = @Sendable (Result<([Member], UInt64), ConsulError>) -> Void

    private let state = Mutex(State())

    package init(_ members: [Member]) { state.withLock { $0.members = members } }

    /// Sets where the list comes from.
    func attach(_ source: @escaping @Sendable () -> [Member]) {
        state.withLock { ($0.source, $0.isStale) = (source, true) }
        refreshIfAwaited()
    }

    /// Reports that the list may have changed. Without a reader nothing is copied: a mass join
    /// costs one copy at the next read.
    func markChanged() {
        state.withLock { $0.isStale = true }
        refreshIfAwaited()
    }

    private func refreshIfAwaited() {
        if state.withLock({ !$0.waiters.isEmpty }) { refresh() }
    }

    /// Reads the list from its source if it may have changed.
    private func refresh() {
        let source = state.withLock { state in
            defer { state.isStale = false }
            return state.isStale ? state.source : nil
        }
        if let source { update(source()) }
    }

    /// Replaces the list; readers see every change of a member's status, tags or address.
    package func update(_ members: [Member]) {
        let (waiters, revision) = state.withLock { state -> ([Waiter], UInt64) in
            guard state.members != members else { return ([], 0) }
            state.members = members
            state.revision += 1
            defer { state.waiters = [:] }
            return (Array(state.waiters.values), state.revision)
        }
        for waiter in waiters { waiter(.success((members, revision))) }
    }

    /// Calls back with the list and its revision once that differs from `after`: at once, or on the
    /// thread that changes the list.
    package func read(
        after: UInt64,
        reply: @escaping @Sendable (Result<([Member], UInt64), ConsulError>) -> Void
    ) -> (any PendingCall)? {
        refresh()
        let (found, id) = state.withLock { state -> (([Member], UInt64)?, UInt64) in
            if state.revision != after { return ((state.members, state.revision), 0) }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = reply
            return (nil, state.nextWaiter)
        }
        guard let found else { return Pending(feed: self, id: id) }
        reply(.success(found))
        return nil
    }

    private struct Pending: PendingCall {
        let feed: MemberFeed
        let id: UInt64

        func cancel() {
            let waiter = feed.state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?(.failure(ConsulError(.cancelled, "watch stopped")))
        }
    }
}
