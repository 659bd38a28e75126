public import ConsulModel
public import PluginAPI
import Primitives
import Synchronization

/// `ttl: duration`: the program under watch sends heartbeats; without one in time the check is
/// critical.
public struct TTLCheckType: CheckType {
    public let kind = "ttl"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        definition.ttl != .zero && definition.interval == .zero && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems = CheckRules.thresholdProblems(in: definition)
        if definition.ttl < .zero {
            problems.append(DefinitionProblem("ttl", "TTL must be > 0 for TTL checks"))
        }
        return problems
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .pushed(TTLCheck(definition, context))
    }
}

final class TTLCheck: PushedCheck {
    private let definition: CheckDefinition
    private let context: CheckContext
    private let heartbeats: AsyncStream<CheckObservation>
    private let feed: AsyncStream<CheckObservation>.Continuation
    private let state = Mutex<(lastOutput: String, expiry: Task<Void, Never>?)>(("", nil))

    init(_ definition: CheckDefinition, _ context: CheckContext) {
        self.definition = definition
        self.context = context
        // Only the newest matters to one who comes late.
        (heartbeats, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
    }

    func heartbeat(_ observation: CheckObservation) -> Bool {
        feed.yield(observation)
        return true
    }

    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {
        expectHeartbeat(report)
        for await observation in heartbeats {
            state.withLock { $0.lastOutput = observation.output }
            report(observation)
            expectHeartbeat(report)
        }
        state.withLock { $0.expiry }?.cancel()
    }

    /// Starts the time to live anew.
    private func expectHeartbeat(_ report: @escaping @Sendable (CheckObservation) -> Void) {
        let task = Task { [self] in
            let deadline = context.clock.now() + definition.ttl
            guard await context.clock.sleep(until: deadline) else { return }
            let last = state.withLock { $0.lastOutput }
            let text =
                last.isEmpty
                ? "TTL expired"
                : "TTL expired (last output before timeout follows): \(last)"
            report(CheckObservation(.critical, text, isFinal: true))
        }
        let old = state.withLock { state in
            defer { state.expiry = task }
            return state.expiry
        }
        old?.cancel()
    }
}
