internal import Logging
internal import Primitives
internal import Synchronization

/// Works while this server leads, without being called by a client.
protocol LeaderDuty: Sendable {
    /// Starts the duty: this server leads now, or its whole state was replaced. It may have been
    /// started before.
    func begin()
    /// Ends the duty for good, with the server. The end of the leadership is not announced: a duty
    /// checks `DutyContext.leads` at each step.
    func end()
}

/// Holds what every duty needs.
final class DutyContext: Sendable {
    let log: RaftLog
    let published: PublishedState
    let clock: DutyClock
    let logger: Logger
    let metrics: ServerMetrics
    private let isEnded = Atomic(false)

    init(
        log: RaftLog, state: PublishedState, clock: DutyClock, logger: Logger,
        metrics: ServerMetrics
    ) {
        self.log = log
        published = state
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
    }

    /// True while this server leads and has not been stopped.
    var leads: Bool { log.leadership.isReady && !isEnded.load(ordering: .acquiring) }

    fileprivate func end() { isEnded.store(true, ordering: .releasing) }
}

/// Begins and ends the duties of a leader, in the order of its list.
final class LeaderLoop: Sendable {
    private let context: DutyContext
    private let duties: [any LeaderDuty]

    init(_ context: DutyContext, _ duties: [any LeaderDuty]) {
        self.context = context
        self.duties = duties
    }

    func begin() {
        guard context.leads else { return }
        for duty in duties { duty.begin() }
    }

    func end() {
        context.end()
        for duty in duties { duty.end() }
    }
}
