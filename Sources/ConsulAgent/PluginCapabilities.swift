import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import NIOCore
import NIOHTTP1
import Platform
import PluginAPI
import Primitives
import Synchronization

/// The real clock, for waits.
struct RealClock: WaitingClock {
    func now() -> Instant { SystemClock.now() }

    func sleep(until deadline: Instant) async -> Bool {
        let wait = deadline - now()
        guard wait > .zero else { return !Task.isCancelled }
        // Limited to a year, which avoids an overflow inside the runtime.
        let bounded = min(wait, .hours(24 * 365))
        do {
            try await Task.sleep(nanoseconds: UInt64(bounded.nanoseconds))
            return true
        } catch {
            return false
        }
    }
}

/// Runs real programs.
struct RealProcesses: ProcessRunner {
    func run(_ request: ProcessRequest) async -> ProcessOutcome {
        await run(request, passing: nil)
    }

    func run(
        _ request: ProcessRequest, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> ProcessOutcome {
        await run(request, passing: OutputPassing(merged: output))
    }

    private func run(
        _ request: ProcessRequest, passing: OutputPassing?
    ) async -> ProcessOutcome {
        var script: String?
        defer { if let script { try? Files.remove(script) } }
        let spec: ProcessSpec
        do throws(ProbeError) {
            var request = request
            if !request.script.isEmpty {
                let path = try Self.scriptFile(request)
                script = path
                request.arguments.append(path)
            }
            spec = try Self.spec(request)
        } catch {
            return .init(.failedToStart(error.message))
        }
        let outcome = await ProcessRun.run(spec, passing: passing)
        return .init(Self.ending(outcome.ending), output: outcome.output)
    }

    /// Writes the script to a file below TMPDIR, mode 0750, as Consul does.
    private static func scriptFile(_ request: ProcessRequest) throws(ProbeError) -> String {
        let folder = HostSystem.variable("TMPDIR") ?? "/tmp"
        var random = SystemRandom.generator()
        let path = "\(folder)/rexec\(random.next())"
        let owner = request.user.isEmpty ? nil : Accounts.user(request.user)
        if !request.user.isEmpty, owner == nil {
            throw ProbeError("there is no user \(request.user)")
        }
        do throws(FileError) {
            try AtomicFile.write(path, request.script, mode: 0o750)
            try Files.setOwner(path, user: owner?.user, group: owner?.group)
            return path
        } catch {
            throw ProbeError("\(error)")
        }
    }

    private static func spec(_ request: ProcessRequest) throws(ProbeError) -> ProcessSpec {
        var spec = ProcessSpec(request.arguments)
        spec.standardInput = request.stdin
        spec.workingDirectory =
            request.workingDirectory.isEmpty ? nil : request.workingDirectory
        spec.timeout = request.timeout.nanoseconds == .max ? nil : request.timeout
        spec.killTimeout = request.killTimeout > .zero ? request.killTimeout : .seconds(5)
        spec.outputLimit = max(1, request.outputMax)
        spec.user = request.user.isEmpty ? nil : request.user
        spec.group = request.group.isEmpty ? nil : request.group
        guard let signal = SignalNames.number(of: request.killSignal) else {
            throw ProbeError("unknown signal \(request.killSignal)")
        }
        spec.killSignal = signal
        if !request.umask.isEmpty {
            guard let umask = UInt32(request.umask, radix: 8), umask <= 0o777 else {
                throw ProbeError("umask \(request.umask) is not an octal number up to 777")
            }
            spec.umask = umask
        }
        if let allowed = request.environmentAllowed {
            var environment = request.environment
            for name in allowed where environment[name] == nil {
                environment[name] = HostSystem.variable(name)
            }
            spec.environment = .exactly(environment)
        } else {
            spec.environment = .inherited(
                adding: request.environment, without: NotifySocket.serviceVariables)
        }
        if request.limits.isEmpty { return spec }
        do throws(ResourceLimits.UnknownLimit) {
            return try ResourceLimits.wrap(spec, request.limits)
        } catch {
            throw ProbeError("\(error)")
        }
    }

    private static func ending(_ ending: ChildEnding) -> ProcessEnding {
        switch ending {
        case .exited(let code): .exited(code)
        case .signalled(let number): .signalled(number)
        case .timedOut: .timedOut
        case .cancelled: .cancelled
        case .failedToStart(let reason): .failedToStart(reason)
        }
    }

    func start(_ arguments: [String], lineMax: Int) async throws(ProbeError)
        -> any LineProcess
    {
        let tail = Mutex(TailBuffer(limit: 4096))
        let shared = SharedTail(tail: tail)
        var spec = ProcessSpec(arguments)
        spec.killsGroupAtExit = true
        spec.environment = .inherited(adding: [:], without: NotifySocket.serviceVariables)
        do throws(ChildProcessError) {
            let child = try ChildProcess.start(spec) { line in
                shared.append(line.bytes)
            }
            return RealLineProcess(child: child, tail: shared, lineMax: lineMax)
        } catch {
            throw ProbeError("\(error)")
        }
    }
}

final class SharedTail: Sendable {
    private let tail: Mutex<TailBuffer>
    init(tail: consuming Mutex<TailBuffer>) { self.tail = tail }
    func append(_ line: [UInt8]) { tail.withLock { $0.append(line + [0x0A]) } }
    var text: String { tail.withLock { $0.text } }
}

final class RealLineProcess: LineProcess {
    private let child: ChildProcess
    private let tail: SharedTail
    private let lineMax: Int

    init(child: ChildProcess, tail: SharedTail, lineMax: Int) {
        self.child = child
        self.tail = tail
        self.lineMax = lineMax
    }

    func nextLine() async -> [UInt8]? {
        var lines = child.lines.makeAsyncIterator()
        return (await lines.next()?.bytes).map { Array($0.prefix(lineMax)) }
    }

    func send(_ line: [UInt8]) async -> Bool {
        do throws(ChildProcessError) {
            try await child.send(line)
            return true
        } catch {
            return false
        }
    }

    func stderrTail() -> String { tail.text }

    var stderrTotal: Int { child.errorBytesTotal }

    func stop() async -> String { "\(await child.terminate(signal: SIGKILL))" }
}

/// Sends real HTTP requests.
struct RealHTTP: HTTPProber {
    let client: ProbeClient
    /// The agent's own certificate, with `enable_agent_tls_for_checks`.
    let tls: TLSSettings?

    func request(_ probe: HTTPProbe) async throws(ProbeError) -> HTTPProbeAnswer {
        var call = HTTPCall(method: probe.method, url: probe.url, body: probe.body)
        call.timeout = probe.timeout
        call.followsRedirects = probe.followRedirects
        call.keep = probe.keepsBodyStart ? .first(probe.bodyMax) : .last(probe.bodyMax)
        call.unixSocket = probe.unixSocket.isEmpty ? nil : probe.unixSocket
        var settings = tls ?? TLSSettings()
        settings.skipsVerification = probe.tlsSkipVerify
        if !probe.tlsServerName.isEmpty { settings.serverName = probe.tlsServerName }
        if settings != TLSSettings() { call.tls = settings }
        do throws(HTTPCallError) {
            try call.add(probe.headers)
            let answer = try await client.execute(call)
            return HTTPProbeAnswer(
                status: answer.status, reason: answer.reason, body: answer.body)
        } catch {
            throw ProbeError("\(error)", isTimeout: error.kind == .timeout)
        }
    }
}

/// Opens real sockets.
struct RealNetwork: NetworkProber {
    let loops: EventLoops

    func dialTCP(
        host: String, port: Int, tls: Bool, tlsServerName: String, tlsSkipVerify: Bool,
        timeout: GoDuration
    ) async throws(ProbeError) {
        var settings: TLSSettings?
        if tls {
            settings = TLSSettings()
            settings?.skipsVerification = tlsSkipVerify
            settings?.serverName = tlsServerName.isEmpty ? nil : tlsServerName
        }
        do throws(NetworkError) {
            try await TCPDial.connect(
                host: host, port: port, timeout: timeout, tls: settings, on: loops.group)
        } catch {
            throw ProbeError("\(error)", isTimeout: error.isTimeout)
        }
    }

    func exchangeUDP(host: String, port: Int, payload: [UInt8], timeout: GoDuration)
        async throws(ProbeError) -> [UInt8]?
    {
        let answer: UDPProbe.Answer
        do throws(NetworkError) {
            answer = try await UDPProbe.exchange(
                host: host, port: port, payload: payload, timeout: timeout, on: loops.group)
        } catch {
            throw ProbeError("\(error)", isTimeout: error.isTimeout)
        }
        switch answer {
        case .reply(let bytes): return bytes
        case .timedOut: return nil
        case .refused:
            throw ProbeError(
                "dial udp \(joinHostPort(host, port)): read: connection refused")
        }
    }
}
