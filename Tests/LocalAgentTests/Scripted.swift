import ConsulModel
import LocalAgent
import PluginAPI
import Primitives
import Synchronization
import Watch
import Wire

/// A handler kind whose runs end at the test's request.
final class ScriptedHandlers: HandlerKind {
    struct Run: Sendable {
        let name: String
        let payload: String
        let end: FirstEnd
    }

    /// The end of one run: by the test, or by a kill.
    final class FirstEnd: Sendable {
        private let state = Mutex<(HandlerOutcome?, CheckedContinuation<HandlerOutcome, Never>?)>(
            (nil, nil))

        func give(_ failure: String = "") {
            let outcome = HandlerOutcome(code: nil, output: "", failure: failure)
            let waiting = state.withLock { state in
                if state.0 == nil { state.0 = outcome }
                defer { state.1 = nil }
                return state.1
            }
            waiting?.resume(returning: outcome)
        }

        func value() async -> HandlerOutcome {
            await withCheckedContinuation { continuation in
                let given = state.withLock { state in
                    if state.0 == nil { state.1 = continuation }
                    return state.0
                }
                if let given { continuation.resume(returning: given) }
            }
        }
    }

    let kind: String
    init(kind: String = "script") { self.kind = kind }
    private let all = Mutex<[Run]>([])

    /// All runs so far, as `name payload`.
    var runs: [String] { all.withLock { $0.map { "\($0.name) \($0.payload)" } } }

    func end(_ number: Int, failure: String = "") {
        all.withLock { $0[number - 1] }.end.give(failure)
    }

    func problems(in definition: WatchDefinition) -> [DefinitionProblem] { [] }

    func make(_ definition: WatchDefinition, in context: HandlerContext) throws
        -> any WatchHandler
    {
        Handler(name: definition.args.first ?? "", kind: self)
    }

    private struct Handler: WatchHandler {
        let name: String
        let kind: ScriptedHandlers

        func run(_ input: HandlerInput) async -> HandlerOutcome {
            let end = FirstEnd()
            let text = String(decoding: input.payload.dropLast(), as: UTF8.self)
            kind.all.withLock { $0.append(Run(name: name, payload: text, end: end)) }
            return await withTaskCancellationHandler {
                await end.value()
            } onCancel: {
                end.give("killed")
            }
        }
    }
}

/// A check type with the test's answers; it claims definitions with `args`.
final class ScriptedChecks: CheckType {
    let kind = "scripted"
    let answer = Mutex(CheckObservation(.passing, "fine"))
    let probes = Mutex<[String: Int]>([:])

    func claims(_ definition: CheckDefinition) -> Bool { !definition.args.isEmpty }
    func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        definition.args == ["bad"] ? [DefinitionProblem("args", "bad")] : []
    }
    func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(Check(id: definition.id, type: self))
    }

    func count(_ id: String) -> Int { probes.withLock { $0[id] ?? 0 } }

    private struct Check: PolledCheck {
        let id: String
        let type: ScriptedChecks
        func probe(timeout: GoDuration) async -> CheckObservation {
            type.probes.withLock { $0[id, default: 0] += 1 }
            return type.answer.withLock { $0 }
        }
    }
}

/// A check type that receives its results; it claims definitions with a `ttl`.
struct PushedChecks: CheckType {
    let kind = "pushed"
    func claims(_ definition: CheckDefinition) -> Bool { definition.ttl > .zero }
    func problems(in definition: CheckDefinition) -> [DefinitionProblem] { [] }
    func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .pushed(Check())
    }

    private final class Check: PushedCheck {
        private let results = AsyncStream<CheckObservation>.makeStream()
        func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {
            for await result in results.stream { report(result) }
        }
        func heartbeat(_ observation: CheckObservation) -> Bool {
            results.continuation.yield(observation)
            return true
        }
    }
}

/// Capabilities without any access to the world.
struct NoCapabilities: ProcessRunner, HTTPProber, NetworkProber, CheckObserver {
    func run(_ request: ProcessRequest) async -> ProcessOutcome { .init(.failedToStart("no")) }
    func start(_ arguments: [String], lineMax: Int) async throws(ProbeError)
        -> any LineProcess
    {
        throw ProbeError("no")
    }
    func request(_ probe: HTTPProbe) async throws(ProbeError) -> HTTPProbeAnswer {
        throw ProbeError("no")
    }
    func dialTCP(
        host: String, port: Int, tls: Bool, tlsServerName: String, tlsSkipVerify: Bool,
        timeout: GoDuration
    ) async throws(ProbeError) { throw ProbeError("no") }
    func exchangeUDP(host: String, port: Int, payload: [UInt8], timeout: GoDuration)
        async throws(ProbeError) -> [UInt8]?
    { throw ProbeError("no") }
    func observe(
        node: String, serviceID: String, for checkID: String,
        onChange notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async {}
}
