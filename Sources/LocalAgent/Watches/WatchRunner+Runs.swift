import ConsulModel
import Logging
import PluginAPI
import Primitives
import Synchronization
import Telemetry
import Watch

/// Starts the handler's runs and records their ends.
extension WatchRunner {
    /// Enters a run in the state and in the watch's history.
    func recordStart(of firing: WatchFiring, now: Instant, in state: inout State) {
        state.runs[firing.number] = HandlerRun(firing: firing, startedAt: now)
        state.status.fires += 1
        metrics.fires.increment()
        var record = RunRecord()
        record.number = firing.number
        record.attempt = firing.attempt
        record.index = firing.index.description
        record.started = dependencies.wallText()
        record.isRunning = true
        if firing.attempt == 0 {
            record.lagMilliseconds = Int((now - state.answeredAt).milliseconds)
            metrics.lag.record(now - state.answeredAt)
        }
        state.status.runs.append(record)
        state.status.runs.removeFirst(max(0, state.status.runs.count - Limits.watchHistoryMax))
    }

    /// Starts the handler of a run that `recordStart` has entered, unless the run has ended since.
    func startHandler(for firing: WatchFiring) {
        guard let run = state.withLock({ $0.runs[firing.number] }) else { return }
        var environment = dependencies.environment
        environment.merge(firing.environment) { $1 }
        run.start(
            handler,
            HandlerInput(
                payload: firing.payload, index: firing.index.description,
                environment: environment)
        ) { [self] outcome in
            log(outcome)
            if definition.healthCheck { dependencies.health?.record(outcome, of: id) }
            enqueue(.runEnded(run, outcome))
        }
        watchForSlowness(run)
    }

    /// Logs a handler without a timeout that runs very long, at intervals that double.
    private func watchForSlowness(_ run: HandlerRun) {
        guard definition.timeout == .zero else { return }
        let clock = dependencies.clock
        let (logger, id) = (dependencies.logger, id)
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

    func record(_ outcome: HandlerOutcome, of run: HandlerRun, in state: inout State) {
        if !outcome.succeeded {
            state.status.failures += 1
            metrics.failures.increment()
        }
        let elapsed = dependencies.clock.now() - run.startedAt
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
            // Consul's levels: a reply over HTTP is less useful than the output of a script.
            let isHTTP = definition.handlerType == "http"
            dependencies.logger.log(
                level: isHTTP ? .trace : .debug,
                isHTTP ? "http watch handler output" : "watch handler output",
                metadata: ["watch": "\(id)", "output": "\(outcome.output)"])
        }
        if !outcome.succeeded {
            dependencies.logger.error(
                "Failed to run watch handler",
                metadata: ["watch": "\(id)", "error": "\(outcome.failure)"])
        }
    }

    /// Answers the question of a run that succeeded. Reports the reliable events of a run once it
    /// has succeeded or has failed for the last time.
    func report(_ run: HandlerRun, _ outcome: HandlerOutcome) {
        if definition.source.type == "query", outcome.succeeded {
            dependencies.questions?.answer(run.firing.events, outcome.output)
        }
        guard let reports = dependencies.reports, !run.firing.reliableEvents.isEmpty else { return }
        let isOver = state.withLock { state in
            if state.isEnding { return false }
            return outcome.succeeded
                || run.firing.reliableEvents.allSatisfy { state.plan.hasHandled($0) }
        }
        guard isOver else { return }
        reports.report(watch: id, events: run.firing.reliableEvents, succeeded: outcome.succeeded)
    }
}
