import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import NIOPosix
import Platform
import Primitives
import Synchronization
import TestKit
import Wire

/// The built program, run as a child with a folder of its own. Its API is on a unix socket there,
/// so that concurrent tests never share one. A failing test leaves no process behind.
final class AgentProcess: Sendable {
    static let http = HTTPClient(on: MultiThreadedEventLoopGroup.singleton)

    /// The program's path, next to the test bundle.
    static let program: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink(
                "/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self),
                bytes.count)
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let beside = folder.joined(separator: "/") + "/consul"
        // Started through a helper, the bundle's path is its first argument.
        return Files.exists(beside) ? beside : "\(bundleFolder)/consul"
    }()

    private static var bundleFolder: String {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
        let folders = bundle.split(separator: "/", omittingEmptySubsequences: false)
        return folders.prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    }

    let scratch: Scratch
    private let child: ChildProcess
    var pid: Int32 { child.processIdentifier }

    private let isOver = Mutex(false)

    private init(_ scratch: Scratch, _ child: ChildProcess) {
        self.scratch = scratch
        self.child = child
    }

    deinit {
        // At once: this process may end before the child's owner runs.
        if !isOver.withLock({ $0 }) { kill(-child.processIdentifier, SIGKILL) }
    }

    /// Starts an agent on the scratch's `config.d`, and waits until it answers and is in its
    /// catalog, a moment later: sessions need that.
    /// - Parameter fragments: files of `config.d`, where `$DIR` means the scratch's folder.
    /// - Parameter leads: false for a server that will not lead, nor be in a catalog.
    static func start(
        _ fragments: [String: String] = [:], in scratch: Scratch? = nil, flags: [String] = [],
        environment: [String: String] = [:], prefix: [String] = [], leads: Bool = true
    ) async throws -> AgentProcess {
        let earlier = scratch?.read("log").count ?? 0
        let agent = try launch(
            fragments, in: scratch, flags: flags, environment: environment, prefix: prefix)
        try await eventually("the agent answers; its log: \(agent.log)") {
            if !Proc.isAlive(agent.pid) { throw NeverHappened(description: agent.log) }
            let path = leads ? "/v1/health/node/here" : "/v1/status/leader"
            guard let answer = try? await agent.get(path) else { return false }
            return answer.status == 200 && (!leads || answer.text.contains("serfHealth"))
        }
        // Watches start a moment after the API, which their handlers may need.
        if !(fragments.values + flags).contains(where: { $0.contains("log") }) {
            try await eventually("all of it runs; its log: \(agent.log)") {
                agent.log.dropFirst(earlier).contains("Consul agent running!")
            }
        }
        return agent
    }

    /// Starts an agent without waiting.
    static func launch(
        _ fragments: [String: String], in scratch: Scratch? = nil, flags: [String] = [],
        environment: [String: String] = [:], prefix: [String] = []
    ) throws -> AgentProcess {
        let scratch = try scratch ?? Scratch()
        let base = """
            {"server": true, "bootstrap": true, "bind_addr": "127.0.0.1", "node_name": "here",
             "enable_local_script_checks": true, "log_level": "debug",
             "ports": {"dns": -1, "grpc": -1, "serf_lan": -1, "serf_wan": -1},
             "addresses": {"http": "unix://$DIR/http.sock"}, "data_dir": "$DIR/data"}
            """
        try scratch.write("config.d/00-base.json", base)
        for (name, text) in fragments { try scratch.write("config.d/\(name)", text) }
        let arguments =
            prefix + [program, "agent", "-config-dir", "\(scratch.path)/config.d"] + flags
        var spec = ProcessSpec(
            ["sh", "-c", #"log="$0"; exec "$@" >>"$log" 2>&1"#, "\(scratch.path)/log"]
                + arguments)
        spec.environment = .inherited(adding: environment)
        return AgentProcess(scratch, try ChildProcess.start(spec))
    }

    var log: String { scratch.read("log") }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for its end and returns it.
    func exit() async -> ChildEnding {
        let ending = await child.exit()
        isOver.withLock { $0 = true }
        return ending
    }

    /// Stops it and waits for its end.
    @discardableResult
    func stop() async -> ChildEnding {
        signal(SIGTERM)
        return await exit()
    }

    func get(_ path: String) async throws -> HTTPClientResponse { try await call("GET", path) }

    @discardableResult
    func put(_ path: String, _ body: String = "") async throws -> HTTPClientResponse {
        try await call("PUT", path, body)
    }

    func call(
        _ method: String, _ path: String, _ body: String = ""
    ) async throws -> HTTPClientResponse {
        try await call(method, path, bytes: Array(body.utf8))
    }

    func call(
        _ method: String, _ path: String, bytes: [UInt8]
    ) async throws -> HTTPClientResponse {
        var call = HTTPCall(
            method: method, url: "http://localhost\(path)", body: bytes,
            timeout: .seconds(30))
        call.unixSocket = "\(scratch.path)/http.sock"
        return try await Self.http.execute(call)
    }

    /// Returns the agent's own view of a check; an empty one when it has none of that ID.
    func check(_ id: String) async throws -> HealthCheck {
        let checks = try JSONReader.decode(
            [String: HealthCheck].self, from: try await get("/v1/agent/checks").body)
        return checks[id] ?? HealthCheck()
    }

    func watch(_ id: String) async throws -> WatchStatus {
        try JSONReader.decode(
            WatchStatus.self, from: try await get("/v1/agent/watches/\(id)").body)
    }
}
