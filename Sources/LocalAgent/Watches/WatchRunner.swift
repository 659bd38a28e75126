package import ConsulModel
package import Logging
package import NIOCore
package import PluginAPI
import Primitives
import Synchronization
package import Telemetry
package import Watch
import Wire

/// The agent's host of one `WatchPlan`: it puts the queries, runs the handler and keeps the timer.
/// Inputs wait in one line and are taken out one at a time, on the loop of the watches: an answer
/// that comes on it leads to the handler's start without another thread.
package final class WatchRunner: Sendable {
    /// What a runner needs of the agent around it.
    package struct Surroundings: Sendable {
        package var reader: WatchReader
        package var clock: any WaitingClock
        package var store: any WatchStore
        package var wallText: @Sendable () -> String
        package var logger: Logger
        /// Added to every handler's environment: `CONSUL_NODE`, `CONSUL_DATACENTER`.
        package var environment: [String: String]
        /// For watches with `health_check: true`.
        package var health: WatchHealth?
        /// Told of reliable events that a handler is done with.
        package var reports: EventReports?
        /// Where the plans are stepped and the handlers begin, which may take a millisecond; so no
        /// loops that serve requests. Each watch stays on one. Nil: in tasks.
        package var loops: (any EventLoopGroup)?
        package var registry: MetricRegistry

        package init(
            reader: WatchReader, clock: any WaitingClock, store: any WatchStore,
            wallText: @escaping @Sendable () -> String, logger: Logger,
            environment: [String: String], health: WatchHealth? = nil,
            reports: EventReports? = nil, loops: (any EventLoopGroup)? = nil,
            registry: MetricRegistry = MetricRegistry()
        ) {
            self.reader = reader
            self.clock = clock
            self.store = store
            self.wallText = wallText
            self.logger = logger
            self.environment = environment
            self.health = health
            self.reports = reports
            self.loops = loops
            self.registry = registry
        }
    }

    private enum Event: Sendable {
        case input(WatchPlan.Input)
        case queryFailed(source: Int, ConsulError)
        /// A query that was held back after an error is due.
        case queryDue(source: Int, after: WatchIndex?)
        case runEnded(HandlerRun, HandlerOutcome)
    }

    private struct State {
        var plan: WatchPlan
        var status: WatchStatus
        /// Gone when its last handler has ended.
        var predecessor: WatchRunner?
        var isStopped = false
        /// What runs is killed because the agent ends: it says nothing about the handler.
        var isEnding = false
        var pending: [Int: any PendingCall] = [:]
        var timers: [Int: Task<Void, Never>] = [:]
        var runs: [UInt64: HandlerRun] = [:]
        /// When the newest state came in: the lag of a run counts from there.
        var answeredAt = Instant.zero
    }

    private struct Inbox {
        var events: [Event] = []
        /// Somebody takes them out, or is about to.
        var isTended = false
    }

    package let definition: WatchDefinition
    private let handler: any WatchHandler
    private let around: Surroundings
    private let loop: (any EventLoop)?
    private let metrics: WatchMetrics
    private let state: Mutex<State>
    private let inbox = Mutex(Inbox())

    package init(
        _ definition: WatchDefinition, id: String, handler: any WatchHandler,
        handlerName: String, around: Surroundings
    ) throws(WatchError) {
        self.definition = definition
        self.handler = handler
        self.around = around
        loop = around.loops?.next()
        var status = WatchStatus()
        status.id = id
        status.type = definition.displayType
        status.handler = handlerName
        status.definition = definition
        metrics = WatchMetrics(id, type: status.type, in: around.registry)
        let plan = try WatchPlan(definition)
        state = Mutex(State(plan: plan, status: status))
    }

    package var status: WatchStatus {
        state.withLock { state in
            var status = state.status
            if state.plan.isPaused {
                status.state = "paused"
            } else if !state.runs.isEmpty {
                status.state = "running"
            } else if !status.queryError.isEmpty {
                status.state = "failing"
            }
            return status
        }
    }

    /// What a runner that takes over from this one should know; final once this one is stopped.
    package var memory: WatchMemory { state.withLock { $0.plan.memoryForSuccessor } }

    /// Of an event watch: whether it is done with an event.
    func hasHandled(_ event: String) -> Bool { state.withLock { $0.plan.hasHandled(event) } }

    /// A reliable event that its handler is at: should the agent die now, it is to be repeated.
    private func isBusy(with event: String) -> Bool {
        state.withLock { state in
            state.plan.memory.handledEvents.contains(event) && !state.plan.hasHandled(event)
        }
    }

    package var isRunningHandlers: Bool { state.withLock { !$0.runs.isEmpty } }

    /// Works until `stop`.
    /// - Parameters:
    ///   - memory: what an earlier runner of this watch, or of this agent, has handled.
    ///   - predecessor: whose handler may still be running.
    package func start(inheriting memory: WatchMemory, after predecessor: WatchRunner? = nil) {
        let first = state.withLock { state in
            state.plan.memory = memory
            state.predecessor = predecessor
            return state.plan.start()
        }
        if definition.healthCheck { around.health?.begin(id) }
        inbox.withLock { $0.isTended = true }
        onLoop { [self] in
            for directive in first { carryOut(directive) }
            tend()
        }
    }

    /// Gives up the queries. A handler under way is left to finish, as in Consul.
    package func stop() {
        let (pending, timers) = state.withLock { state in
            state.isStopped = true
            defer {
                state.pending = [:]
                state.timers = [:]
            }
            return (Array(state.pending.values), Array(state.timers.values))
        }
        for call in pending { call.cancel() }
        for timer in timers { timer.cancel() }
    }

    /// Kills the handlers under way and waits for them: the agent ends.
    package func killHandlers() async {
        let runs = state.withLock { state in
            state.isEnding = true
            return Array(state.runs.values)
        }
        for run in runs { run.kill() }
        for run in runs { await run.finished() }
    }

    package func pause() { take(.input(.pause)) }
    package func resume() { take(.input(.resume)) }
    package func trigger() { take(.input(.trigger)) }

    // MARK: Stepping

    /// From any thread.
    private func take(_ event: Event) {
        let isTended = inbox.withLock { inbox in
            if inbox.events.count >= Limits.watchInputsMax { inbox.events.removeFirst() }
            inbox.events.append(event)
            defer { inbox.isTended = true }
            return inbox.isTended
        }
        if !isTended { onLoop { [self] in tend() } }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        guard let loop else {
            Task { body() }
            return
        }
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    private func tend() {
        while let event = nextEvent() { handle(event) }
    }

    private func nextEvent() -> Event? {
        inbox.withLock { inbox in
            inbox.isTended = !inbox.events.isEmpty
            return inbox.isTended ? inbox.events.removeFirst() : nil
        }
    }

    private func handle(_ event: Event) {
        let now = around.clock.now()
        let directives = state.withLock { state -> [WatchPlan.Directive] in
            let directives = step(event, now: now, &state)
            // Under the same lock, so that `stop` and `killHandlers` see each run or prevent it.
            for case .fire(let firing) in directives { begin(firing, now: now, in: &state) }
            return directives
        }
        if case .runEnded(let run, let outcome) = event { report(run, outcome) }
        if case .queryFailed(_, let error) = event, !isStopped {
            around.logger.error(
                "watch query failed", metadata: ["watch": "\(id)", "error": "\(error)"])
        }
        for directive in directives { carryOut(directive) }
    }

    private func step(_ event: Event, now: Instant, _ state: inout State)
        -> [WatchPlan.Directive]
    {
        switch event {
        case .runEnded(let run, let outcome):
            record(outcome, of: run, in: &state)
            state.runs[run.firing.number] = nil
            let directives = state.plan.step(
                .runEnded(number: run.firing.number, succeeded: outcome.succeeded), now: now)
            guard state.isStopped else { return directives }
            // What is still to be done is the successor's; a change given up is not.
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
        case .queryDue(let source, let after):
            return [.query(source: source, after: after, notBefore: nil)]
        }
    }

    /// A failed run that will be repeated is told of when it is over for good.
    private func report(_ run: HandlerRun, _ outcome: HandlerOutcome) {
        guard let reports = around.reports, !run.firing.lastingEvents.isEmpty else { return }
        let isOver = state.withLock { state in
            if state.isEnding { return false }
            return outcome.succeeded
                || run.firing.lastingEvents.allSatisfy { state.plan.hasHandled($0) }
        }
        guard isOver else { return }
        reports.tell(watch: id, events: run.firing.lastingEvents, succeeded: outcome.succeeded)
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }
    private var id: String { state.withLock { $0.status.id } }

    private func carryOut(_ directive: WatchPlan.Directive) {
        switch directive {
        case .query(let source, let after, let notBefore):
            if let notBefore {
                setTimer(source, notBefore) { [self] in
                    take(.queryDue(source: source, after: after))
                }
            } else {
                query(source, after: after)
            }
        case .fire(let firing): run(firing)
        case .cancelRun(let number): state.withLock { $0.runs[number] }?.kill()
        case .wake(let instant):
            setTimer(-1, instant) { [self] in take(.input(.woke)) }
        case .deadLetter(let firing): deadLetter(firing)
        case .reportDroppedEvents(let count): reportDropped(count)
        case .remember(let memory): remember(memory)
        }
    }

    private func query(_ source: Int, after: WatchIndex?) {
        let query = state.withLock { $0.isStopped ? nil : $0.plan.queries[source] }
        guard let query else { return }
        let call = around.reader.read(query, after: after) { [self] result in
            switch result {
            case .success(let answer): take(.input(.answer(source: source, answer)))
            case .failure(let error): take(.queryFailed(source: source, error))
            }
        }
        let isStopped = state.withLock { state in
            state.pending[source] = call
            return state.isStopped
        }
        if isStopped { call?.cancel() }
    }

    private func setTimer(
        _ slot: Int, _ instant: Instant, _ body: @escaping @Sendable () -> Void
    ) {
        let clock = around.clock
        let timer = Task { if await clock.sleep(until: instant) { body() } }
        let old = state.withLock { state in
            let old = state.timers.updateValue(timer, forKey: slot)
            return state.isStopped ? timer : old
        }
        old?.cancel()
    }

    // MARK: Running the handler

    private func begin(_ firing: WatchFiring, now: Instant, in state: inout State) {
        state.runs[firing.number] = HandlerRun(firing: firing, startedAt: now)
        state.status.fires += 1
        metrics.fires.increment()
        var record = WatchRun()
        record.number = firing.number
        record.attempt = firing.attempt
        record.index = firing.index.description
        record.started = around.wallText()
        record.isRunning = true
        if firing.attempt == 0 {
            record.lagMilliseconds = Int((now - state.answeredAt).milliseconds)
            metrics.lag.record(now - state.answeredAt)
        }
        state.status.runs.append(record)
        state.status.runs.removeFirst(max(0, state.status.runs.count - Limits.watchHistoryMax))
    }

    private func run(_ firing: WatchFiring) {
        guard let run = state.withLock({ $0.runs[firing.number] }) else { return }
        var environment = around.environment
        environment.merge(firing.environment) { $1 }
        run.start(
            handler,
            HandlerFiring(
                payload: firing.payload, index: firing.index.description,
                environment: environment)
        ) { [self] outcome in
            log(outcome)
            if definition.healthCheck { around.health?.take(outcome, of: id) }
            take(.runEnded(run, outcome))
        }
        watchForSlowness(run)
    }

    /// Names a handler without a time limit in the log when it runs very long, ever more rarely.
    private func watchForSlowness(_ run: HandlerRun) {
        guard definition.timeout == .zero else { return }
        let clock = around.clock
        let (logger, id) = (around.logger, id)
        run.whileRunning {
            var wait = Limits.slowHandler
            while await clock.sleep(until: clock.now() + wait) {
                let running = clock.now() - run.startedAt
                logger.warning(
                    "watch handler is still running; set its timeout to bound it",
                    metadata: ["watch": "\(id)", "running": "\(running)"])
                wait = wait * 2
            }
        }
    }

    private func record(_ outcome: HandlerOutcome, of run: HandlerRun, in state: inout State) {
        if !outcome.succeeded {
            state.status.failures += 1
            metrics.failures.increment()
        }
        let elapsed = around.clock.now() - run.startedAt
        metrics.duration.record(elapsed)
        let index = state.status.runs.lastIndex {
            $0.number == run.firing.number && $0.attempt == run.firing.attempt
        }
        guard let index else { return }
        state.status.runs[index].isRunning = false
        state.status.runs[index].milliseconds = Int(elapsed.milliseconds)
        state.status.runs[index].code = outcome.code
        state.status.runs[index].failure = outcome.failure
        state.status.runs[index].output = outcome.output
    }

    private func log(_ outcome: HandlerOutcome) {
        if !outcome.output.isEmpty {
            // As in Consul: a reply over HTTP is of less use than what a script prints.
            let isHTTP = definition.handlerType == "http"
            around.logger.log(
                level: isHTTP ? .trace : .debug,
                isHTTP ? "http watch handler output" : "watch handler output",
                metadata: ["watch": "\(id)", "output": "\(outcome.output)"])
        }
        if !outcome.succeeded {
            around.logger.error(
                "Failed to run watch handler",
                metadata: ["watch": "\(id)", "error": "\(outcome.failure)"])
        }
    }

    // MARK: Keeping

    private func remember(_ memory: WatchMemory) {
        let isEvents = definition.sources.contains { $0.type == "event" }
        guard isEvents || !definition.fireOnStart else { return }
        let predecessor = state.withLock { state in
            if state.predecessor?.isRunningHandlers != true { state.predecessor = nil }
            return state.predecessor
        }
        var memory = memory
        if let predecessor { memory.handledEvents.removeAll { predecessor.isBusy(with: $0) } }
        do throws(ConsulError) {
            try around.store.save(memory, of: id)
        } catch {
            around.logger.error(
                "cannot keep what a watch has handled",
                metadata: ["watch": "\(id)", "error": "\(error)"])
        }
    }

    private func reportDropped(_ count: Int) {
        state.withLock { $0.status.droppedEvents += UInt64(count) }
        around.logger.warning(
            """
            watch dropped events: its handler is slower than they come, make it quicker or use \
            reliable events
            """,
            metadata: ["watch": "\(id)", "count": "\(count)"])
    }

    private func deadLetter(_ firing: WatchFiring) {
        state.withLock { $0.status.deadLetters += 1 }
        around.logger.error(
            "watch handler failed for the last time",
            metadata: ["watch": "\(id)", "attempts": "\(firing.attempt + 1)"])
        guard let path = definition.retry?.deadLetter, !path.isEmpty else { return }
        var writer = JSONWriter(audience: .client)
        writer.beginMap(count: 4)
        writer.key("Time")
        writer.string(around.wallText())
        writer.key("Watch")
        writer.string(id)
        writer.key("Index")
        writer.string(firing.index.description)
        writer.key("Payload")
        writer.raw(firing.payload.dropLast())
        writer.endMap()
        do throws(ConsulError) {
            try around.store.appendDeadLetter(writer.output + [0x0A], to: path)
        } catch {
            around.logger.error(
                "cannot write the dead letter",
                metadata: ["watch": "\(id)", "path": "\(path)", "error": "\(error)"])
        }
    }
}
