internal import ConsulModel
internal import ConsulState
internal import NIOCore
package import NIOPosix
internal import Primitives
internal import Synchronization

/// Holds the parked blocking queries. A commit wakes those whose region it changed, each on the
/// event loop from which it was parked; a waiter whose index has not moved is parked again.
///
/// No change is missed: a waiter is first inserted and then reads the newest view, and a commit
/// first outdates the view and then removes waiters.
package final class WaiterHub: Sendable {
    private let state: PublishedState
    private let group: MultiThreadedEventLoopGroup
    private let lanes: [ObjectIdentifier: WakeLane]
    private let waitersMax: Int
    private let index = Mutex(WaiterIndex())
    private let random: Mutex<SeededRandom>
    private let count = Atomic(0)

    /// - Parameter ownGroup: the loops of the agent's own queries.
    package init(
        state: PublishedState, group: MultiThreadedEventLoopGroup,
        configuration: ServerConfiguration, ownGroup: MultiThreadedEventLoopGroup? = nil
    ) {
        self.state = state
        self.group = group
        waitersMax = configuration.waitersMax
        random = Mutex(SeededRandom(seed: configuration.seed))
        var lanes: [ObjectIdentifier: WakeLane] = [:]
        for loop in group.makeIterator() {
            lanes[ObjectIdentifier(loop)] = WakeLane(loop: loop)
        }
        if let ownGroup {
            for loop in ownGroup.makeIterator() {
                lanes[ObjectIdentifier(loop)] = WakeLane(loop: loop)
            }
        }
        self.lanes = lanes
    }

    /// The number of parked queries.
    package var waiting: Int { count.load(ordering: .relaxed) }

    // MARK: Parking

    /// Returns the lane of the calling event loop, or any lane on another thread.
    func laneForCaller() -> WakeLane {
        if let loop = MultiThreadedEventLoopGroup.currentEventLoop,
            let lane = lanes[ObjectIdentifier(loop)]
        {
            return lane
        }
        guard let lane = lanes[ObjectIdentifier(group.next())] else {
            preconditionFailure("the group has a new event loop")
        }
        return lane
    }

    /// Returns the deadline of a wait that begins now, with a random part added.
    func deadline(after wait: GoDuration) -> NIODeadline {
        let jitter = random.withLock { $0.duration(below: wait / Limits.jitterDivisor) }
        return .now() + .nanoseconds((wait + jitter).nanoseconds)
    }

    /// - Parameter seen: the view that left the query unanswered.
    /// - Returns: nil when the waiter was answered meanwhile, or refused.
    func park(_ waiter: Waiter, seen: StateView) -> (any PendingCall)? {
        guard count.wrappingAdd(1, ordering: .relaxed).newValue <= waitersMax else {
            waiter.handle(.fail(.tooManyQueries))
            return nil
        }
        waiter.lane.addDeadline(of: waiter, self)
        return enter(waiter, seen: seen) ? nil : ParkedCall(waiter, self)
    }

    /// - Returns: true when the waiter is answered.
    private func enter(_ waiter: Waiter, seen: StateView) -> Bool {
        index.withLock { index in
            // A thread that answers first marks the waiter, then removes it: either this one sees
            // the mark, or that one removes the waiter that is inserted here.
            if !waiter.isAnswered, waiter.slot < 0 { index.insert(waiter) }
        }
        let newest = state.load()
        guard newest !== seen, waiter.handle(.look(SharedReading(newest))) else {
            return waiter.isAnswered
        }
        leave(waiter)
        return true
    }

    private func leave(_ waiter: Waiter) {
        index.withLock { $0.remove(waiter) }
    }

    /// Counts an answered waiter. Called once for each, by the thread that claimed it.
    func noteAnswered(_ waiter: Waiter) {
        count.wrappingSubtract(1, ordering: .relaxed)
        waiter.lane.countStaleDeadline()
    }

    // MARK: Waking

    func wake(_ changes: Changes) {
        if changes.isEmpty || count.load(ordering: .acquiring) == 0 { return }
        wake(index.withLock { $0.removeAffected(by: changes) })
    }

    private func wake(_ woken: [Waiter]) {
        if woken.isEmpty { return }
        var byLane: [ObjectIdentifier: [Waiter]] = [:]
        for waiter in woken { byLane[ObjectIdentifier(waiter.lane), default: []].append(waiter) }
        for waiters in byLane.values { waiters[0].lane.wake(waiters, self) }
    }

    /// Wakes every waiter, when the state was replaced.
    func wakeAll() {
        let woken = index.withLock { $0.removeAll() }
        wake(woken)
    }

    func lookAgain(_ waiters: [Waiter]) {
        let reading = SharedReading(state.load(), readers: waiters.count)
        for waiter in waiters where !waiter.handle(.look(reading)) {
            _ = enter(waiter, seen: reading.view)
        }
    }

    func expire(_ waiters: [Waiter]) {
        let reading = SharedReading(state.load(), readers: waiters.count)
        for waiter in waiters {
            waiter.handle(.expire(reading))
            leave(waiter)
        }
    }

    func giveUp(_ waiter: Waiter, _ error: ConsulError) {
        waiter.handle(.fail(error))
        leave(waiter)
    }
}
