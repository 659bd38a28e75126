import ConsulModel
import Logging
import NIOCore
import PluginAPI
import Primitives
import Synchronization
import Watch

/// Handles the events of the inbox one at a time and executes the plan's directives.
extension WatchRunner {
    /// Adds an event and schedules draining the inbox on the loop. Callable from any thread.
    func enqueue(_ event: WatchInbox.Event) {
        let isDraining = inbox.withLock { inbox in
            inbox.add(event)
            defer { inbox.isDraining = true }
            return inbox.isDraining
        }
        if !isDraining { onLoop { [self] in drainInbox() } }
    }

    func onLoop(_ body: @escaping @Sendable () -> Void) {
        guard let loop else {
            Task { body() }
            return
        }
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    func drainInbox() {
        while let event = nextEvent() { handle(event) }
    }

    private func nextEvent() -> WatchInbox.Event? {
        inbox.withLock { inbox in
            let event = inbox.removeFirst()
            inbox.isDraining = event != nil
            return event
        }
    }

    private func handle(_ event: WatchInbox.Event) {
        let now = dependencies.clock.now()
        let directives = state.withLock { state -> [WatchPlan.Directive] in
            let directives = step(event, now: now, &state)
            // Under the same lock, so that `stop` and `killHandlers` see each run or prevent it.
            for case .fire(let firing) in directives {
                recordStart(of: firing, now: now, in: &state)
            }
            return directives
        }
        if case .runEnded(let run, let outcome) = event { report(run, outcome) }
        if case .queryFailed(_, let error) = event, !isStopped {
            dependencies.logger.error(
                "watch query failed", metadata: ["watch": "\(id)", "error": "\(error)"])
        }
        for directive in directives { carryOut(directive) }
    }

    private func step(_ event: WatchInbox.Event, now: Instant, _ state: inout State)
        -> [WatchPlan.Directive]
    {
        switch event {
        case .runEnded(let run, let outcome):
            record(outcome, of: run, in: &state)
            state.runs[run.firing.number] = nil
            let directives = state.plan.step(
                .runEnded(number: run.firing.number, succeeded: outcome.succeeded), now: now)
            guard state.isStopped else { return directives }
            // The successor does the remaining work, except for the abandoned change.
            return directives.filter { if case .deadLetter = $0 { true } else { false } }
        case _ where state.isStopped:
            return []
        case .input(let input):
            if case .answer(_, let answer) = input {
                state.status.index = answer.index.description
                state.answeredAt = now
                state.status.queryError = ""
            }
            return state.plan.step(input, now: now)
        case .queryFailed(let source, let error):
            state.status.queryError = error.message
            return state.plan.step(.failed(source: source), now: now)
        case .queryDue(let source):
            return [.query(source: source, after: nil)]
        }
    }

    func carryOut(_ directive: WatchPlan.Directive) {
        switch directive {
        case .query(let source, let after): query(source, after: after)
        case .repeatQuery(let source, let instant):
            setTimer(.query(source: source), instant) { [self] in
                enqueue(.queryDue(source: source))
            }
        case .fire(let firing): startHandler(for: firing)
        case .cancelRun(let number): state.withLock { $0.runs[number] }?.kill()
        case .wake(let instant):
            setTimer(.wake, instant) { [self] in enqueue(.input(.woke)) }
        case .deadLetter(let firing): deadLetter(firing)
        case .reportDroppedEvents(let count): reportDropped(count)
        case .remember(let memory): remember(memory)
        }
    }

    private func query(_ source: Int, after: WatchIndex?) {
        let query = state.withLock { $0.isStopped ? nil : $0.plan.queries[source] }
        guard let query else { return }
        let call = dependencies.reader.read(query, after: after) { [self] result in
            switch result {
            case .success(let answer): enqueue(.input(.answer(source: source, answer)))
            case .failure(let error): enqueue(.queryFailed(source: source, error))
            }
        }
        let isStopped = state.withLock { state in
            state.pending[source] = call
            return state.isStopped
        }
        if isStopped { call?.cancel() }
    }

    private func setTimer(
        _ purpose: TimerPurpose, _ instant: Instant, _ body: @escaping @Sendable () -> Void
    ) {
        let clock = dependencies.clock
        let timer = Task { if await clock.sleep(until: instant) { body() } }
        let old = state.withLock { state in
            let old = state.timers.updateValue(timer, forKey: purpose)
            return state.isStopped ? timer : old
        }
        old?.cancel()
    }
}
