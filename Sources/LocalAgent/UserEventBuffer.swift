package import ConsulModel
import Synchronization

/// Holds the newest user events that this agent received, at most `Limits.userEventsMax`.
package final class UserEventBuffer: Sendable {
    private struct Waiter {
        var name: String
        var index: UInt64
        var reply: @Sendable ([UserEvent], UInt64) -> Void
    }
    private struct State {
        var events: [UserEvent] = []
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }
    private let state = Mutex(State())

    package init() {}

    package func append(_ event: UserEvent) {
        let woken = state.withLock { state -> [(Waiter, [UserEvent])] in
            state.events.append(event)
            state.events.removeFirst(max(0, state.events.count - Limits.userEventsMax))
            var woken: [(Waiter, [UserEvent])] = []
            for (id, waiter) in state.waiters where waiter.name.isEmpty || waiter.name == event.name
            {
                state.waiters.removeValue(forKey: id)
                woken.append((waiter, Self.select(waiter.name, from: state.events)))
            }
            return woken
        }
        for (waiter, events) in woken { waiter.reply(events, Self.index(of: events)) }
    }

    /// Returns the events of a name, or all for an empty name, oldest first.
    package func events(named name: String) -> [UserEvent] {
        state.withLock { Self.select(name, from: $0.events) }
    }

    /// Calls back once the newest event of that name differs from the one with this index: at once,
    /// or on the thread that appends the event.
    /// - Returns: a handle when the answer is still pending.
    package func read(
        named name: String, after index: UInt64,
        reply: @escaping @Sendable ([UserEvent], UInt64) -> Void
    ) -> (any PendingCall)? {
        let (found, id) = state.withLock { state -> ([UserEvent]?, UInt64) in
            let events = Self.select(name, from: state.events)
            if index == 0 || Self.index(of: events) != index { return (events, 0) }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = Waiter(name: name, index: index, reply: reply)
            return (nil, state.nextWaiter)
        }
        guard let found else { return Pending(buffer: self, id: id) }
        reply(found, Self.index(of: found))
        return nil
    }

    private struct Pending: PendingCall {
        let buffer: UserEventBuffer
        let id: UInt64
        /// Answers a cancelled reader with the newest state.
        func cancel() {
            let waiter = buffer.state.withLock { $0.waiters.removeValue(forKey: id) }
            guard let waiter else { return }
            let events = buffer.events(named: waiter.name)
            waiter.reply(events, UserEventBuffer.index(of: events))
        }
    }

    private static func select(_ name: String, from events: [UserEvent]) -> [UserEvent] {
        name.isEmpty ? events : events.filter { $0.name == name }
    }

    /// Computes Consul's index of an event list: the halves of the newest event's UUID, mixed; 1
    /// for an empty list. It does not grow: compare it for equality only.
    package static func index(of events: [UserEvent]) -> UInt64 {
        guard let last = events.last else { return 1 }
        let hex = last.id.filter { $0 != "-" }
        guard hex.count == 32, let low = UInt64(hex.prefix(16), radix: 16),
            let high = UInt64(hex.suffix(16), radix: 16)
        else { return 1 }
        return low ^ high
    }
}
