package import ConsulModel
package import Logging
package import PluginAPI
package import Primitives
import Synchronization

/// Runs one check for as long as it is registered. Interval, first stagger, timeout, thresholds and
/// output bound are alike for every type; the plugin does one probe at a time.
package final class CheckRunner: Sendable {
    package typealias Report = @Sendable (CheckStatus, String) -> Void

    private struct State {
        var task: Task<Void, Never>?
        var isStopped = false
        var thresholds: CheckThresholds
        /// Callers of `runNow` waiting for the next result.
        var waiting: [CheckedContinuation<CheckObservation, Never>] = []
        var wakeUp: CheckedContinuation<Void, Never>?
        var isWakeUpDue = false
    }

    private let definition: CheckDefinition
    private let instance: CheckInstance
    private let clock: any WaitingClock
    private let outputMax: Int
    private let logger: Logger
    private let report: Report
    private let state: Mutex<State>

    package init(
        _ definition: CheckDefinition, instance: CheckInstance, clock: any WaitingClock,
        outputMax: Int, logger: Logger, report: @escaping Report
    ) {
        self.definition = definition
        self.instance = instance
        self.clock = clock
        self.outputMax = outputMax
        self.logger = logger
        self.report = report
        state = Mutex(State(thresholds: CheckThresholds(definition)))
    }

    /// - Parameter stagger: how long to wait before the first probe, unless the definition says so.
    package func start(stagger: GoDuration) {
        if case .pushed(let check) = instance {
            check.attach { [weak self] observation in self?.record(observation) }
        }
        let task = Task {
            switch instance {
            case .polled(let check): await poll(check, stagger: stagger)
            case .pushed(let check):
                await check.run { [self] observation in record(observation) }
            }
        }
        let isStopped = state.withLock { state in
            state.task = task
            return state.isStopped
        }
        if isStopped { task.cancel() }
    }

    /// Stops the check finally and cancels a probe under way.
    package func stop() {
        let (task, waiting) = state.withLock { state in
            defer {
                state.task = nil
                state.isStopped = true
                state.waiting = []
            }
            return (state.task, state.waiting)
        }
        task?.cancel()
        wake()
        for continuation in waiting {
            continuation.resume(returning: CheckObservation(.critical, "check was removed"))
        }
    }

    package var isPolled: Bool { if case .polled = instance { true } else { false } }

    /// Accepts a heartbeat from the API. Returns false when this type takes none.
    package func heartbeat(_ observation: CheckObservation) -> Bool {
        guard case .pushed(let check) = instance else { return false }
        return check.heartbeat(observation)
    }

    /// Probes at once and returns the result; nil for types that are not polled.
    package func runNow() async -> CheckObservation? {
        guard isPolled else { return nil }
        return await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waiting.append(continuation) }
                return state.isStopped
            }
            if isStopped {
                continuation.resume(returning: CheckObservation(.critical, "check was removed"))
            } else {
                wake()
            }
        }
    }

    // MARK: Polling

    private var interval: GoDuration { max(definition.interval, Limits.checkIntervalMin) }

    private func poll(_ check: any PolledCheck, stagger: GoDuration) async {
        var first = stagger
        if definition.runOnRegister { first = .zero }
        if definition.initialDelay > .zero { first = definition.initialDelay }
        await pause(first)
        while !Task.isCancelled {
            let observation = await probe(check)
            if Task.isCancelled { return }
            record(observation)
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume(returning: observation) }
            await pause(interval)
        }
    }

    /// Runs one probe. Abandons it a grace period after its timeout, even if the plugin ignores the
    /// timeout.
    private func probe(_ check: any PolledCheck) async -> CheckObservation {
        let timeout =
            definition.timeout > .zero ? definition.timeout : check.defaultTimeout
        let answer = FirstAnswer<CheckObservation>()
        let probing = Task { answer.resolve(await check.probe(timeout: timeout)) }
        let guarding = Task {
            if await clock.sleep(until: clock.now() + timeout + Limits.probeGrace) {
                answer.resolve(
                    CheckObservation(
                        .critical, "check gave no answer within \(timeout)", isFinal: true))
            }
        }
        let observation = await withTaskCancellationHandler {
            await answer.value()
        } onCancel: {
            probing.cancel()
            answer.resolve(CheckObservation(.critical, "check was stopped"))
        }
        probing.cancel()
        guarding.cancel()
        return observation
    }

    private func record(_ observation: CheckObservation) {
        let status = state.withLock { state in
            state.isStopped ? nil : state.thresholds.receive(observation)
        }
        guard let status else { return }
        // The plugin bounds its target's output to `outputMax` and prepends a text of its own.
        var tail = TailBuffer(limit: outputMax + Limits.checkOutputHeadMax)
        tail.append(observation.output.utf8)
        if status != .passing {
            logger.debug(
                "Check is not passing",
                metadata: ["check": "\(definition.id)", "status": "\(status.rawValue)"])
        }
        report(status, tail.text)
    }

    /// Sleeps for a time, or until a result is requested.
    private func pause(_ length: GoDuration) async {
        let sleeping = Task {
            await clock.sleep(until: clock.now() + length)
            wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isWakeUpDue || !state.waiting.isEmpty || state.isStopped {
                        state.isWakeUpDue = false
                        return true
                    }
                    state.wakeUp = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        sleeping.cancel()
        // A cancelled sleeper calls `wake` once more; that wake-up is stale.
        _ = await sleeping.value
        state.withLock { $0.isWakeUpDue = false }
    }

    private func wake() {
        let continuation = state.withLock { state in
            let waiting = state.wakeUp
            state.wakeUp = nil
            if waiting == nil { state.isWakeUpDue = true }
            return waiting
        }
        continuation?.resume()
    }
}

/// Holds the first of several answers; later ones are dropped.
final class FirstAnswer<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value, Never>)
        case given(Value)
    }
    private let state = Mutex(State.empty)

    func resolve(_ value: Value) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
            switch state {
            case .empty:
                state = .given(value)
                return nil
            case .waiting(let continuation):
                state = .given(value)
                return continuation
            case .given: return nil
            }
        }
        waiting?.resume(returning: value)
    }

    /// Returns the answer when it has arrived. Callable once.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let given = state.withLock { state -> Value? in
                if case .given(let value) = state { return value }
                state = .waiting(continuation)
                return nil
            }
            if let given { continuation.resume(returning: given) }
        }
    }
}
