internal import NIOCore
internal import Synchronization

/// The work of one event loop for the waiters that were parked from it: examining woken ones, in
/// batches, and answering those whose deadline has passed. Any thread may call it; the work runs on
/// the loop.
final class WakeLane: Sendable {
    private struct State {
        var woken: [Waiter] = []
        var isScheduled = false
        /// A heap by deadline. Answered waiters stay until they are removed in bulk.
        var deadlines: [Waiter] = []
        var nextTick = NIODeadline.distantFuture
    }

    let loop: any EventLoop
    private let state = Mutex(State())
    /// The approximate number of deadlines of answered waiters.
    private let stale = Atomic(0)

    init(loop: any EventLoop) { self.loop = loop }

    // MARK: Wakes

    func wake(_ waiters: [Waiter], _ hub: WaiterHub) {
        let mustSchedule = state.withLock { state in
            state.woken += waiters
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { schedule(hub) }
    }

    private func schedule(_ hub: WaiterHub) {
        loop.execute { self.runTurn(hub) }
    }

    private func runTurn(_ hub: WaiterHub) {
        let (turn, isMore) = state.withLock { state -> ([Waiter], Bool) in
            if state.woken.count <= Limits.wakesPerTurn {
                state.isScheduled = false
                defer { state.woken = [] }
                return (state.woken, false)
            }
            let turn = Array(state.woken.suffix(Limits.wakesPerTurn))
            state.woken.removeLast(turn.count)
            return (turn, true)
        }
        hub.lookAgain(turn)
        if isMore { schedule(hub) }
    }

    // MARK: Deadlines

    /// Schedules the waiter's deadline.
    func addDeadline(of waiter: Waiter, _ hub: WaiterHub) {
        let tick = state.withLock { state -> NIODeadline? in
            Self.push(waiter, on: &state.deadlines)
            guard waiter.deadline < state.nextTick else { return nil }
            state.nextTick = waiter.deadline
            return waiter.deadline
        }
        if let tick { scheduleTick(at: tick, hub) }
    }

    /// Counts a deadline whose waiter was answered before it. Answers come by the thousand, so only
    /// every `staleDeadlinesMin`th call checks whether to remove them.
    func countStaleDeadline() {
        let stale = stale.wrappingAdd(1, ordering: .relaxed).newValue
        guard stale >= Limits.staleDeadlinesMin, stale % Limits.staleDeadlinesMin == 0 else {
            return
        }
        let swept = state.withLock { state -> [Waiter] in
            guard stale * 2 > state.deadlines.count else { return [] }
            let all = state.deadlines
            // A sorted array is a heap.
            state.deadlines = all.filter { !$0.isAnswered }.sorted { $0.deadline < $1.deadline }
            self.stale.store(0, ordering: .relaxed)
            return all
        }
        // Released outside the lock.
        _ = consume swept
    }

    private func scheduleTick(at deadline: NIODeadline, _ hub: WaiterHub) {
        loop.scheduleTask(deadline: deadline) { self.tick(hub) }
    }

    private func tick(_ hub: WaiterHub) {
        let now = NIODeadline.now()
        let (expired, next) = state.withLock { state -> ([Waiter], NIODeadline?) in
            var expired: [Waiter] = []
            while let first = state.deadlines.first, first.deadline <= now || first.isAnswered {
                Self.popFirst(&state.deadlines)
                if first.isAnswered {
                    stale.wrappingSubtract(1, ordering: .relaxed)
                } else {
                    expired.append(first)
                }
            }
            // A tick that was earlier than the expected one leaves the expected one scheduled.
            if let first = state.deadlines.first?.deadline {
                if state.nextTick > now, state.nextTick <= first { return (expired, nil) }
                state.nextTick = first
                return (expired, first)
            }
            state.nextTick = .distantFuture
            return (expired, nil)
        }
        hub.expire(expired)
        if let next { scheduleTick(at: next, hub) }
    }

    private static func push(_ waiter: Waiter, on heap: inout [Waiter]) {
        heap.append(waiter)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private static func popFirst(_ heap: inout [Waiter]) {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].deadline < heap[least].deadline { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
