internal import ConsulModel
internal import ConsulState
internal import Logging
internal import NIOCore
internal import Platform
internal import Primitives
internal import Synchronization
internal import Telemetry

/// Ends the sessions whose TTL ran out, while this server leads. A session lives for twice its TTL
/// after it was made or renewed, or for its TTL and a fixed grace; and a new leader, who cannot
/// know when that was, counts anew: so none ends before its time, whatever happens to the servers.
final class SessionTimers: Sendable {
    private struct Timer {
        var deadline: Instant
        /// The expiries that failed in a row.
        var failures = 0
        var scheduled: Scheduled<Void>?
    }
    private struct State {
        var timers: [String: Timer] = [:]
        var isOver = false
    }

    private let log: RaftLog
    private let published: PublishedState
    private let loop: any EventLoop
    private let logger: Logger
    private let metrics: ServerMetrics
    /// Nil for the TTL once more.
    private let grace: GoDuration?
    private let state = Mutex(State())

    init(
        log: RaftLog, state: PublishedState, grace: GoDuration?, loop: any EventLoop,
        logger: Logger, metrics: ServerMetrics
    ) {
        self.metrics = metrics
        self.log = log
        self.grace = grace
        published = state
        self.loop = loop
        self.logger = logger
    }

    /// How many sessions are timed.
    var count: Int { state.withLock { $0.timers.count } }

    /// This server has become the leader.
    func begin() {
        clear()
        for session in published.load().store.sessions.list().value { reset(session) }
    }

    func end() {
        state.withLock { $0.isOver = true }
        clear()
    }

    private func clear() {
        let old = state.withLock { state in
            defer { state.timers = [:] }
            return state.timers
        }
        for timer in old.values { timer.scheduled?.cancel() }
    }

    /// The session was made or renewed: its time begins anew.
    func reset(_ session: Session) {
        guard let ttl = session.timeToLive, log.leadership.isReady else { return }
        let life = ttl + (grace ?? ttl)
        let deadline = SystemClock.now() + life
        let isNew = state.withLock { state in
            if state.isOver { return false }
            let isNew = state.timers[session.id] == nil
            state.timers[session.id, default: Timer(deadline: deadline)].deadline = deadline
            return isNew
        }
        // A timer that is there looks at the deadline when it fires.
        if isNew { schedule(session.id, after: life) }
    }

    func stop(_ id: String) {
        let timer = state.withLock { $0.timers.removeValue(forKey: id) }
        timer?.scheduled?.cancel()
    }

    private func schedule(_ id: String, after wait: GoDuration) {
        let scheduled = loop.scheduleTask(in: .nanoseconds(max(wait.nanoseconds, 0))) {
            [weak self] () -> Void in
            self?.fire(id)
        }
        let isWanted = state.withLock { state in
            guard state.timers[id] != nil else { return false }
            state.timers[id]?.scheduled = scheduled
            return true
        }
        if !isWanted { scheduled.cancel() }
    }

    private func fire(_ id: String) {
        guard let deadline = state.withLock({ $0.timers[id]?.deadline }) else { return }
        let left = deadline - SystemClock.now()
        if left > .zero { return schedule(id, after: left) }
        let isThere = (try? published.load().store.sessions.get(id).value) != nil
        guard isThere, log.leadership.isReady else { return stop(id) }
        var session = Session()
        session.id = id
        logger.debug("session TTL expired", metadata: ["session": "\(id)"])
        let (start, invalidate) = (SystemClock.now(), metrics.sessionInvalidate)
        log.propose(.session(SessionRequest(.destroy, session))) { [weak self] result in
            invalidate.record(since: start)
            switch result {
            case .success: self?.stop(id)
            case .failure(let error): self?.tryAgain(id, error)
            }
        }
    }

    /// Twice as late each time.
    private func tryAgain(_ id: String, _ error: ConsulError) {
        logger.warning(
            "cannot end a session", metadata: ["session": "\(id)", "error": "\(error)"])
        let failures = state.withLock { state in
            state.timers[id]?.failures += 1
            return state.timers[id]?.failures ?? 0
        }
        let doublings = min(failures, Limits.sessionExpiryDoublingsMax)
        schedule(id, after: Limits.dutyRetry * Int64(1 << doublings))
    }
}
