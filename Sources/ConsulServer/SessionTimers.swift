internal import ConsulModel
internal import ConsulState
internal import Logging
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Ends the sessions whose TTL ran out. A session lives for twice its TTL after it was made or
/// renewed, or for its TTL and a fixed grace. A new leader does not know when that was and counts
/// from its own start, so no session ends early.
final class SessionTimers: LeaderDuty {
    private struct Timer {
        var deadline: Instant
        /// The expiries that failed in a row.
        var failures = 0
        var cancel: DutyClock.Cancel?
    }
    private struct State {
        var timers: [String: Timer] = [:]
        var isEnded = false
    }

    private let context: DutyContext
    /// Nil for the TTL once more.
    private let grace: GoDuration?
    private let state = Mutex(State())

    init(_ context: DutyContext, grace: GoDuration?) {
        self.context = context
        self.grace = grace
    }

    /// The number of sessions that have a timer.
    var count: Int { state.withLock { $0.timers.count } }

    func begin() {
        clear()
        for session in context.published.load().store.sessions.list().value { reset(session) }
    }

    func end() {
        state.withLock { $0.isEnded = true }
        clear()
    }

    private func clear() {
        let old = state.withLock { state in
            defer { state.timers = [:] }
            return state.timers
        }
        for timer in old.values { timer.cancel?() }
    }

    /// Restarts the time of a session that was made or renewed.
    func reset(_ session: Session) {
        guard let ttl = session.timeToLive, context.leads else { return }
        let life = ttl + (grace ?? ttl)
        let deadline = context.clock.now() + life
        let isNew = state.withLock { state in
            if state.isEnded { return false }
            let isNew = state.timers[session.id] == nil
            state.timers[session.id, default: Timer(deadline: deadline)].deadline = deadline
            return isNew
        }
        // An existing timer compares the deadline when it fires.
        if isNew { schedule(session.id, after: life) }
    }

    func stop(_ id: String) {
        let timer = state.withLock { $0.timers.removeValue(forKey: id) }
        timer?.cancel?()
    }

    private func schedule(_ id: String, after wait: GoDuration) {
        let cancel = context.clock.schedule(after: wait) { [weak self] in self?.fire(id) }
        let isWanted = state.withLock { state in
            guard state.timers[id] != nil else { return false }
            state.timers[id]?.cancel = cancel
            return true
        }
        if !isWanted { cancel() }
    }

    private func fire(_ id: String) {
        guard let deadline = state.withLock({ $0.timers[id]?.deadline }) else { return }
        let begun = context.clock.now()
        let left = deadline - begun
        if left > .zero { return schedule(id, after: left) }
        let exists = (try? context.published.load().store.sessions.get(id).value) != nil
        guard exists, context.leads else { return stop(id) }
        var session = Session()
        session.id = id
        context.logger.debug("session TTL expired", metadata: ["session": "\(id)"])
        let (clock, invalidate) = (context.clock, context.metrics.sessionInvalidate)
        context.log.propose(.session(SessionRequest(.destroy, session))) { [weak self] result in
            invalidate.record(clock.now() - begun)
            switch result {
            case .success: self?.stop(id)
            case .failure(let error): self?.retry(id, error)
            }
        }
    }

    /// Schedules the next attempt, after twice the last wait.
    private func retry(_ id: String, _ error: ConsulError) {
        context.logger.warning(
            "cannot end a session", metadata: ["session": "\(id)", "error": "\(error)"])
        let failures = state.withLock { state in
            state.timers[id]?.failures += 1
            return state.timers[id]?.failures ?? 0
        }
        let doublings = min(failures, Limits.sessionExpiryDoublingsMax)
        schedule(id, after: Limits.dutyRetry * Int64(1 << doublings))
    }
}
