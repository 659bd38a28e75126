import Glibc
import Platform
import Synchronization
import TestKit

/// The two compared programs.
enum Program: CaseIterable {
    case theirs, ours

    /// The path of the program. HashiCorp Consul: `$CONSUL_PEER`, else the copy that was installed
    /// for such comparisons. Ours: the product of this build, next to the tests.
    var path: String {
        switch self {
        case .theirs: Self.peer
        case .ours: Self.built
        }
    }

    static var isPeerThere: Bool { access(peer, X_OK) == 0 && isOursThere }
    /// The installed programs.
    static var present: [Program] { isPeerThere ? allCases : [.ours] }
    static var isOursThere: Bool { access(built, X_OK) == 0 }

    private static let peer: String = {
        if let path = getenv("CONSUL_PEER") { return String(cString: path) }
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        return "\(home)/.cache/consul-peers/consul/usr/bin/consul"
    }()

    private static let built: String = {
        var folder = Substring(CommandLine.arguments[0])
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            let candidate = "\(folder)/consul"
            if !folder.hasSuffix(".xctest"), access(candidate, X_OK) == 0 { return candidate }
        }
        return ".build/debug/consul"
    }()
}

/// An agent in `-dev` mode on ports of its own. `stop` must be called.
final class PeerAgent: Sendable {
    let program: Program
    /// HTTP, DNS, server, LAN, WAN and gRPC.
    let ports: [Int]
    private let process: ChildProcess
    /// The agent's configuration and its remaining files.
    private let folder: TestFolder

    var httpPort: Int { ports[0] }
    var processIdentifier: Int32 { process.processIdentifier }

    /// Returns once the agent has registered itself in the catalog.
    /// - Parameter configuration: a fragment in JSON.
    /// - Parameter dataDirectory: for a durable server instead of `-dev`.
    init(
        _ program: Program, configuration: String? = nil, dataDirectory: String? = nil
    ) async throws {
        self.program = program
        folder = try TestFolder("peer")
        ports = try FreePorts.take(6)
        let names = ["http", "dns", "server", "serf-lan", "serf-wan", "grpc"]
        var words = [
            program.path, "agent", "-node=interop", "-bind=127.0.0.1", "-log-level=warn",
            "-node-id=11111111-2222-3333-4444-555555555555",
        ]
        words +=
            dataDirectory.map { ["-server", "-bootstrap-expect=1", "-data-dir=\($0)"] } ?? ["-dev"]
        for (name, port) in zip(names, ports) { words.append("-\(name)-port=\(port)") }
        if let configuration {
            let file = "\(folder.path)/agent.json"
            try AtomicFile.write(file, Array(configuration.utf8), mode: 0o600)
            words.append("-config-file=\(file)")
        }
        var spec = ProcessSpec(words)
        spec.environment = .inherited(adding: ["TMPDIR": folder.path])
        process = try ChildProcess.start(spec)
        let said = Said()
        let (process, log) = (process, process.lines)
        Task {
            for await line in log { said.add(line.text) }
            let ending = await process.exit()
            said.add("\(ending)")
            said.isOver.store(true, ordering: .relaxed)
        }
        let node = HTTPLine("GET", "/v1/health/node/interop")
        for _ in 0..<1200 where !said.isOver.load(ordering: .relaxed) {
            if let answer = try? RawHTTP.ask(node, port: httpPort),
                answer.body.contains("serfHealth")
            {
                return
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        await stop()
        throw PeerError(
            description: "\(program.path) does not become ready: \(said.last.withLock { $0 })")
    }

    func stop() async { _ = await process.terminate() }

    /// The last lines of an agent's log, for the message when it fails.
    private final class Said: Sendable {
        let last = Mutex<[String]>([])
        let isOver = Atomic(false)

        func add(_ line: String) {
            last.withLock { last in
                last.append(line)
                if last.count > 30 { last.removeFirst() }
            }
        }
    }
}

struct PeerError: Error, CustomStringConvertible { var description: String }
