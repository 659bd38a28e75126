import ConsulModel
import PluginAPI
import Primitives
import Synchronization

/// A file of plugin_dir as the host found it. The stamp changes with the file.
package struct ProgramFile: Hashable, Sendable {
    package var path: String
    package var stamp: String
    package init(path: String, stamp: String) {
        self.path = path
        self.stamp = stamp
    }
}

/// Keeps one external program running: starts it, performs the handshake, restarts it after its
/// end.
///
/// A program whose first handshake failed stays down until the next reload. After a later end it is
/// restarted, with a growing back-off.
final class PluginProgram: Sendable {
    private struct State {
        var session: ProgramSession?
        /// A session before its `hello`.
        var opening: ProgramSession?
        var first: Task<Void, Never>?
        var manifest: Manifest?
        var task: Task<Void, Never>?
        var phase = "restarting"
        var error = ""
        var restarts = 0
        var retryAt: Instant?
        var isStopped = false
        /// True when a restart provided other kinds, which only a reload can install.
        var wantsReload = false
    }

    let file: ProgramFile
    private let host: PluginDependencies
    private let state = Mutex(State())

    init(_ file: ProgramFile, host: PluginDependencies) {
        self.file = file
        self.host = host
    }

    var manifest: Manifest? { state.withLock { $0.manifest } }
    /// False when a reload should restart the program rather than keep it.
    var isHealthy: Bool {
        state.withLock { ($0.phase != "failed" || $0.manifest != nil) && !$0.wantsReload }
    }

    var status: PluginStatus {
        state.withLock { state in
            var status = PluginStatus()
            status.name = state.manifest?.name ?? Self.name(of: file.path)
            status.version = state.manifest?.version ?? ""
            status.origin = file.path
            status.state = state.phase
            status.provides = state.manifest?.provides ?? []
            status.error = state.error
            status.restarts = state.restarts
            return status
        }
    }

    private static func name(of path: String) -> String {
        path.split(separator: "/").last.map { String($0) } ?? path
    }

    // MARK: Life

    /// Starts the program for the first time; returns after its `hello` or a failure.
    func start() async {
        // A task of its own, independent of the caller's cancellation.
        let first = Task {
            switch await connect(expecting: nil) {
            case .success(let run):
                let task = Task { await supervise(run) }
                state.withLock { $0.task = task }
            case .failure(let fault):
                state.withLock { state in
                    state.phase = "failed"
                    state.error = fault.description
                }
            }
        }
        state.withLock { $0.first = first }
        await first.value
    }

    /// Ends the program and its whole group; returns when all processes are gone. May be called
    /// again.
    func stop() async {
        let (first, opening) = state.withLock { state in
            state.isStopped = true
            return (state.first, state.opening)
        }
        opening?.kill("the agent is stopping")
        await first?.value
        let (task, session) = state.withLock { ($0.task, $0.session) }
        task?.cancel()
        session?.shutdown()
        await task?.value
    }

    /// Lists the program as failed for a reason that is not its own (another has its kind).
    func refuse(_ reason: String) {
        state.withLock { state in
            state.phase = "failed"
            state.error = reason
        }
    }

    /// A program after its handshake, and the task that serves it until its end.
    private struct Run {
        var session: ProgramSession
        var serving: Task<String, Never>
        var began: Instant
    }

    private func supervise(_ first: Run) async {
        var run: Run? = first
        var failures = 0
        while true {
            if let current = run {
                let reason = await current.serving.value
                if host.clock.now() - current.began >= host.times.stable { failures = 0 }
                state.withLock { $0.session = nil }
                if isStopping { break }
                note(reason)
            }
            failures += 1
            let wait = backoff(failures)
            let retryAt = host.clock.now() + wait
            state.withLock { state in
                state.retryAt = retryAt
                state.phase =
                    failures > Limits.failuresShownAsRestartingMax ? "failed" : "restarting"
            }
            guard await host.clock.sleep(until: retryAt), !isStopping else { break }
            state.withLock { $0.restarts += 1 }
            switch await connect(expecting: manifest) {
            case .success(let new): run = new
            case .failure(let fault):
                run = nil
                if isStopping { break }
                note(fault.description)
            }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopped } }

    private func note(_ reason: String) {
        state.withLock { $0.error = reason }
        host.log(.error, file.path, "the plugin program is down: \(reason)")
    }

    private func backoff(_ failures: Int) -> GoDuration {
        let doubled = host.times.backoffMin * (1 << Int64(min(failures - 1, 20)))
        return min(doubled, host.times.backoffMax)
    }

    /// Starts the process and waits for its `hello`. A failure leaves no process.
    private func connect(expecting known: Manifest?) async -> Result<Run, ProgramFault> {
        let process: any LineProcess
        do throws(ProbeError) {
            process = try await host.processes.start([file.path], lineMax: Limits.lineBytesMax)
        } catch {
            return .failure(ProgramFault("cannot be started: \(error.message)"))
        }
        let session = ProgramSession(process, clock: host.clock, times: host.times) {
            [host, file] level, text in host.log(level, file.path, text)
        }
        if state.withLock({ state in
            state.opening = session
            return state.isStopped
        }) {
            session.kill("the agent is stopping")
        }
        defer { state.withLock { $0.opening = nil } }
        let (answer, serving) = await session.open(agentVersion: host.agentVersion)
        switch answer {
        case .hello(let manifest) where known == nil || manifest.provides == known?.provides:
            let isStopped = state.withLock { state in
                state.session = session
                state.manifest = manifest
                state.wantsReload = false
                state.phase = "loaded"
                if known == nil { state.error = "" }
                state.retryAt = nil
                return state.isStopped
            }
            if isStopped { session.shutdown() }
            return .success(
                Run(session: session, serving: serving, began: host.clock.now()))
        case .hello:
            state.withLock { $0.wantsReload = true }
            session.kill("it provides other kinds than before: reload to install them")
        case .timedOut:
            session.kill("no hello within \(host.times.handshake)")
        default:
            session.kill("the handshake was aborted")
        }
        return .failure(ProgramFault(await serving.value))
    }

    // MARK: Requests

    func probe(_ request: ProbeRequest) async -> CheckObservation {
        guard let session = state.withLock({ $0.session }) else {
            return CheckObservation(.critical, outage)
        }
        switch await session.probe(request) {
        case .result(let observation): return observation
        case .timedOut(let lastLine):
            var text = "Timed out (\(request.timeout)) running check"
            if !lastLine.isEmpty { text += "; its last line: \(lastLine)" }
            return CheckObservation(.critical, text, isFinal: true)
        case .cancelled: return CheckObservation(.critical, "check was stopped")
        case .ended(let reason):
            return CheckObservation(
                .critical, "plugin program \(file.path) ended during the probe: \(reason)")
        case .refused(let reason):
            return CheckObservation(.critical, "plugin program \(file.path): \(reason)")
        case .hello, .outcome:
            return CheckObservation(
                .critical, "plugin program \(file.path) answered a probe with a different message")
        }
    }

    func handle(_ request: HandleRequest) async -> HandlerOutcome {
        guard let session = state.withLock({ $0.session }) else {
            return HandlerOutcome(code: nil, output: "", failure: outage)
        }
        switch await session.handle(request) {
        case .outcome(let outcome): return outcome
        case .timedOut(let lastLine):
            return HandlerOutcome(
                code: nil, output: lastLine, failure: "timed out after \(request.timeout)")
        case .cancelled: return HandlerOutcome(code: nil, output: "", failure: "killed")
        case .ended(let reason):
            return HandlerOutcome(
                code: nil, output: "",
                failure: "plugin program \(file.path) ended during the run: \(reason)")
        case .refused(let reason):
            return HandlerOutcome(
                code: nil, output: "", failure: "plugin program \(file.path): \(reason)")
        case .hello, .result:
            return HandlerOutcome(
                code: nil, output: "",
                failure: "plugin program \(file.path) answered with a different message")
        }
    }

    /// The reason why it cannot serve now, and the time of the next attempt.
    private var outage: String {
        let now = host.clock.now()
        return state.withLock { state in
            var text = "plugin program \(file.path) is not running"
            if !state.error.isEmpty { text += ": \(state.error)" }
            if let retryAt = state.retryAt, retryAt > now {
                let seconds = max(1, (retryAt - now).milliseconds / 1000)
                text += " (it is started again in \(seconds)s)"
            }
            return text
        }
    }
}
