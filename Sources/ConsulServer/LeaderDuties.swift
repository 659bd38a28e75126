internal import ConsulModel
internal import ConsulState
internal import Logging
internal import NIOCore
internal import Platform
internal import Primitives
internal import Synchronization
internal import Telemetry

/// What a leader does unasked, from the moment it may: enters itself in the catalog, and forgets
/// old deletions. Each duty ends with the leadership.
final class LeaderDuties: Sendable {
    private struct State {
        var register: (@Sendable (@escaping @Sendable (Bool) -> Void) -> Void)?
        var isRunning = false
        var isOver = false
        /// How far the log was at earlier looks.
        var marks: [(at: Instant, index: UInt64)] = []
    }

    private let log: RaftLog
    private let published: PublishedState
    private let loop: any EventLoop
    private let logger: Logger
    private let metrics: ServerMetrics
    private let state = Mutex(State())

    init(
        log: RaftLog, state: PublishedState, loop: any EventLoop, logger: Logger,
        metrics: ServerMetrics
    ) {
        self.metrics = metrics
        self.log = log
        published = state
        self.loop = loop
        self.logger = logger
    }

    /// - Parameter register: Enters this server in the catalog, and says whether that worked.
    func setRegistration(
        _ register: @escaping @Sendable (@escaping @Sendable (Bool) -> Void) -> Void
    ) {
        state.withLock { $0.register = register }
        if log.leadership.isReady { registerSelf() }
    }

    func begin() {
        registerSelf()
        let mustRun = state.withLock { state in
            state.marks = []
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustRun { scheduleReaping() }
    }

    func end() { state.withLock { $0.isOver = true } }

    private func registerSelf() {
        guard let register = state.withLock({ $0.isOver ? nil : $0.register }) else { return }
        let begun = SystemClock.now()
        register { [weak self, metrics] isDone in
            if isDone { metrics.reconcileMember.record(since: begun) }
            guard let self, !isDone, log.leadership.isReady else { return }
            loop.scheduleTask(in: .nanoseconds(Limits.dutyRetry.nanoseconds)) { [weak self] in
                self?.registerSelf()
            }
        }
    }

    // MARK: Old deletions

    private func scheduleReaping() {
        loop.scheduleTask(in: .nanoseconds(Limits.tombstoneStep.nanoseconds)) { [weak self] in
            self?.reap(now: SystemClock.now())
        }
    }

    /// Notes how far the log is, and has the deletions reaped that are older than `tombstoneTime`.
    func reap(now: Instant) {
        let goesOn = state.withLock { state in
            state.isRunning = !state.isOver && log.leadership.isReady
            return state.isRunning
        }
        guard goesOn else { return }
        defer { scheduleReaping() }
        let snapshot = published.load()
        let due = state.withLock { state -> UInt64? in
            state.marks.append((now, snapshot.index))
            var due: UInt64?
            while let first = state.marks.first, now - first.at >= Limits.tombstoneTime {
                due = first.index
                state.marks.removeFirst()
            }
            return due
        }
        guard let due, snapshot.store.kvs.hasTombstones(through: due) else { return }
        log.propose(.reapTombstones(through: due)) { [logger] result in
            if case .failure(let error) = result {
                logger.warning("cannot forget old deletions", metadata: ["error": "\(error)"])
            }
        }
    }
}
