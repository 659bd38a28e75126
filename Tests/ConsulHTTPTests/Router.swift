import ConsulModel
import HTTPTransport
import LocalAgent
import Logging
import NIOCore
import NIOEmbedded
import PluginAPI
import PluginKit
import Primitives
import Synchronization
import Telemetry
import TelemetrySinks
import TestKit
import Vivaldi
import Wire

@testable import ConsulHTTP
@testable import HTTPTransport

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Answers each endpoint as the test defines, and records the requests.
final class ScriptedBackend: Backend {
    private struct State {
        var answers: [String: any Sendable] = [:]
        var calls: [(name: String, request: any Sendable)] = []
        /// Endpoints that answer when `reply` is called.
        var parked: [String: @Sendable (any Sendable) -> Void] = [:]
        var waits: Set<String> = []
        var cancelled: [String] = []
    }
    private let state = Mutex(State())

    struct Parked: PendingCall {
        let backend: ScriptedBackend
        let name: String
        func cancel() { backend.state.withLock { $0.cancelled.append(name) } }
    }

    /// Answers an endpoint with a value, or fails it with a `ConsulError`.
    func answer<Request, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ value: Response
    ) {
        state.withLock { $0.answers[endpoint.name] = value }
    }

    func fail<Request, Response>(_ endpoint: Endpoint<Request, Response>, _ error: ConsulError) {
        state.withLock { $0.answers[endpoint.name] = error }
    }

    /// Parks the calls of an endpoint.
    func park<Request, Response>(_ endpoint: Endpoint<Request, Response>) {
        state.withLock { _ = $0.waits.insert(endpoint.name) }
    }

    /// Answers a parked call.
    func reply<Request, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ value: Response
    ) {
        state.withLock { $0.parked.removeValue(forKey: endpoint.name) }?(value)
    }

    var calls: [String] { state.withLock { $0.calls.map { $0.name } } }
    var cancelled: [String] { state.withLock { $0.cancelled } }

    func request<Request>(_ type: Request.Type = Request.self) -> Request? {
        state.withLock { $0.calls.last?.request as? Request }
    }

    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        let name = endpoint.name
        let (answer, waits) = state.withLock { state in
            state.calls.append((name, request))
            if state.waits.contains(name) {
                state.parked[name] = { value in
                    if let value = value as? Response { reply(.success(value)) }
                }
            }
            return (state.answers[name], state.waits.contains(name))
        }
        if waits { return Parked(backend: self, name: name) }
        switch answer {
        case let value as Response: reply(.success(value))
        case let error as ConsulError: reply(.failure(error))
        default: reply(.failure(ConsulError(.internal, "no answer to \(name)")))
        }
        return nil
    }
}

/// Records the calls of the agent.
final class ScriptedCluster: Membership, AgentControl {
    let asked = Recorder<String>()

    func members(wan: Bool) -> [Member] { [localMember] }
    var localMember: Member {
        var member = Member()
        member.name = "here"
        return member
    }
    func fire(_ event: UserEvent) throws(ConsulError) { asked.add("fire \(event.name)") }
    func join(_ addresses: [String], wan: Bool) async throws(ConsulError) -> Int {
        asked.add("join \(addresses.joined(separator: ",")) wan=\(wan)")
        return addresses.count
    }
    func forceLeave(_ node: String, prune: Bool) async throws(ConsulError) {
        asked.add("force-leave \(node) prune=\(prune)")
    }
    var coordinate: Coordinate { .origin }
    func query(_ query: PoolQuery) async throws(ConsulError) -> PoolAnswers { PoolAnswers() }
    func keyring(
        _ operation: KeyringOperation, relayFactor: Int, isLocalOnly: Bool
    ) async throws(ConsulError) -> [KeyringReport] { [] }
    func leave() async { asked.add("leave") }
    func reload(isRehearsal: Bool) async throws(ConsulError) -> ReloadReport {
        asked.add("reload")
        throw ConsulError(.internal, "the old configuration keeps running")
    }
}

struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String
}

/// Runs the whole HTTP API without a socket: requests go through the real connection handler on a
/// channel in memory, with a scripted backend behind the routes.
final class Router {
    let backend = ScriptedBackend()
    let cluster = ScriptedCluster()
    let local: LocalState
    let agent: AgentContext
    private let channel = NIOAsyncTestingChannel()
    private let server: ServerCore

    init(
        _ settings: AgentContext.Settings = .init(), routes: [Route] = [],
        judge: (any AccessJudge)? = nil
    ) async throws {
        let clock = FakeClock()
        let scripted = Scripted()
        local = LocalState(nodeName: "here", now: { clock.now() }, wallText: { "now" })
        let runners = CheckRunners()
        let events = UserEventBuffer()
        let registrar = Registrar(
            local: local, runners: runners, files: RegistrationFiles(directory: ""),
            capabilities: Registrar.Capabilities(
                processes: scripted.processes, http: scripted.http, network: scripted.network,
                clock: clock, checks: scripted.checks),
            registry: try PluginRegistry([]), policy: Registrar.Policy(), logger: silentLogger,
            random: SeededRandom(seed: 1), unixSeconds: { 1000 })
        let watches = WatchManager(
            dependencies: WatchRunner.Dependencies(
                reader: WatchReader(
                    backend: backend, events: events, local: local,
                    members: MemberFeed([])),
                clock: clock, store: RegistrationFiles(directory: ""), wallText: { "now" },
                logger: silentLogger, environment: [:]),
            context: HandlerContext(processes: scripted.processes, http: scripted.http))
        agent = AgentContext(
            backend: backend, membership: cluster, control: cluster, local: local,
            registrar: registrar, runners: runners,
            antiEntropy: AntiEntropy(
                local: local, backend: backend, clock: clock, logger: silentLogger,
                checkUpdateInterval: .minutes(5), node: { Node() }),
            watches: watches, events: events,
            eventLog: EventLog(
                backend: backend, datacenter: "dc1", nodeName: "here", unixSeconds: { 1000 },
                wallText: { "now" }),
            clock: clock, logger: silentLogger, logSink: nil,
            metrics: MetricsService(
                MetricsSetup(), registry: MetricRegistry(), on: channel.eventLoop, wall: { 0 },
                logger: silentLogger),
            plugins: { [] }, configuration: { (.object([:]), .object([:])) },
            statistics: { [:] }, nodeMeta: { [:] }, host: { HostInfo() }, settings: settings,
            judge: judge)
        let handler = ConsulHandler(
            agent,
            table: routes.isEmpty ? .standard : RouteTable(RouteTable.standardRoutes + routes))
        server = ServerCore(handler, HTTPServerLimits(), nil, channel.eventLoop, silentLogger)
        let core = server
        try await channel.eventLoop.flatSubmit { [channel] in
            core.accept(channel, .tcp(host: "127.0.0.1", port: 0))
        }.get()
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
    }

    /// Sends a request and waits for its whole answer.
    func ask(_ method: String, _ target: String, _ body: String = "") async throws -> Answer {
        try await send(method, target, body)
        var text = ""
        try await eventually("\(method) \(target) is answered; so far: \(text)") {
            text += try await received()
            return Self.isWhole(text)
        }
        return Self.parsed(text)
    }

    func send(_ method: String, _ target: String, _ body: String = "") async throws {
        let head = "\(method) \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)"
        _ = try await channel.writeInbound(ByteBuffer(string: "\(head)\r\n\r\n\(body)"))
    }

    func received() async throws -> String {
        await channel.testingEventLoop.run()
        var text = ""
        while let part = try await channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: part)
        }
        return text
    }

    func close() async { try? await channel.close().get() }

    private static func isWhole(_ text: String) -> Bool {
        guard let head = text.firstRange(of: "\r\n\r\n") else { return false }
        let length = parsed(text).headers["content-length"].flatMap { Int($0) } ?? 0
        return text[head.upperBound...].utf8.count >= length
    }

    private static func parsed(_ text: String) -> Answer {
        let parts = text.split(
            separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = parts[0].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let sides = line.split(separator: ": ", maxSplits: 1)
            headers[sides[0].lowercased()] = sides.count == 2 ? String(sides[1]) : ""
        }
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let body = parts.count == 2 ? String(parts[1]) : ""
        return Answer(status: status, headers: headers, body: body)
    }
}
