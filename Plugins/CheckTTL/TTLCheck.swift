public import ConsulModel
public import PluginAPI
import Primitives
import Synchronization

/// `ttl: duration`: the monitored program sends heartbeats; without one in time the check is
/// critical.
public struct TTLCheckType: CheckType {
    public let kind = "ttl"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        definition.ttl != .zero && definition.interval == .zero && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        CheckRules.thresholdProblems(in: definition)
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .pushed(TTLCheck(definition, context))
    }
}

final class TTLCheck: PushedCheck {
    private struct State {
        var report: (@Sendable (CheckObservation) -> Void)?
        /// A heartbeat that arrived before the receiver was attached.
        var early: CheckObservation?
        var lastOutput = ""
        /// The end of the time to live; nil when it has ended.
        var deadline: Instant?
    }

    private let ttl: GoDuration
    private let context: CheckContext
    private let state: Mutex<State>

    init(_ definition: CheckDefinition, _ context: CheckContext) {
        ttl = definition.ttl
        self.context = context
        state = Mutex(State(deadline: context.clock.now() + ttl))
    }

    func attach(_ report: @escaping @Sendable (CheckObservation) -> Void) {
        state.withLock { state in
            state.report = report
            if let early = state.early { report(early) }
            state.early = nil
        }
    }

    /// Reports before it returns. Reports are made under the lock: the expiry during a heartbeat
    /// must not be reported after it.
    func heartbeat(_ observation: CheckObservation) -> Bool {
        var observation = observation
        observation.output = bounded(observation.output)
        state.withLock { state in
            state.deadline = context.clock.now() + ttl
            state.lastOutput = observation.output
            if let report = state.report {
                report(observation)
            } else {
                state.early = observation
            }
        }
        return true
    }

    /// Returns the head of an output that is too long, in Consul's words.
    private func bounded(_ output: String) -> String {
        let (total, kept) = (output.utf8.count, context.outputMax)
        guard total > kept else { return output }
        let head = String(decoding: output.utf8.prefix(kept), as: UTF8.self)
        return "\(head) ... (captured \(kept) of \(total) bytes)"
    }

    /// Sleeps to the deadline known at its start, so that a heartbeat only moves the deadline.
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {
        if state.withLock({ $0.report == nil }) { attach(report) }
        var next = state.withLock { $0.deadline } ?? context.clock.now() + ttl
        while await context.clock.sleep(until: next) {
            next = state.withLock { state in
                let now = context.clock.now()
                guard let deadline = state.deadline else { return now + ttl }
                guard deadline <= now else { return deadline }
                state.deadline = nil
                let text =
                    state.lastOutput.isEmpty
                    ? "TTL expired"
                    : "TTL expired (last output before timeout follows): \(state.lastOutput)"
                if !Task.isCancelled { report(CheckObservation(.critical, text, isFinal: true)) }
                return now + ttl
            }
        }
    }
}
