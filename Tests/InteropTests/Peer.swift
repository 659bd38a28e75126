import Glibc
import Platform

/// The two programs that are compared.
enum Program: CaseIterable {
    case theirs, ours

    /// HashiCorp Consul: `$CONSUL_PEER`, else the copy that was installed for such comparisons.
    /// Ours: what this build made, beside the tests.
    var path: String {
        switch self {
        case .theirs: Self.peer
        case .ours: Self.built
        }
    }

    static var isPeerThere: Bool { access(peer, X_OK) == 0 && isOursThere }
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
    private let file: String?

    var httpPort: Int { ports[0] }
    var processIdentifier: Int32 { process.processIdentifier }

    /// Returns once the agent has entered itself in the catalog.
    /// - Parameter configuration: a fragment in JSON.
    /// - Parameter dataDirectory: for a durable server in the place of `-dev`.
    init(
        _ program: Program, configuration: String? = nil, dataDirectory: String? = nil
    ) async throws {
        self.program = program
        ports = try Self.freePorts(6)
        let names = ["http", "dns", "server", "serf-lan", "serf-wan", "grpc"]
        var words = [
            program.path, "agent", "-node=interop", "-bind=127.0.0.1", "-log-level=warn",
            "-node-id=11111111-2222-3333-4444-555555555555",
        ]
        words +=
            dataDirectory.map { ["-server", "-bootstrap-expect=1", "-data-dir=\($0)"] } ?? ["-dev"]
        for (name, port) in zip(names, ports) { words.append("-\(name)-port=\(port)") }
        let path = "/tmp/consul-interop-\(getpid())-\(ports[0]).json"
        file = configuration == nil ? nil : path
        if let file, let configuration {
            try AtomicFile.write(file, Array(configuration.utf8), mode: 0o600)
            words.append("-config-file=\(file)")
        }
        process = try ChildProcess.start(ProcessSpec(words))
        let log = process.lines
        Task { for await _ in log {} }
        let node = HTTPLine("GET", "/v1/health/node/interop")
        for _ in 0..<600 {
            if let answer = try? RawHTTP.ask(node, port: httpPort),
                answer.body.contains("serfHealth")
            {
                return
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        await stop()
        throw PeerError(description: "\(program.path) does not become ready")
    }

    func stop() async {
        _ = await process.terminate()
        if let file { unlink(file) }
    }

    static func freePorts(_ count: Int) throws -> [Int] {
        let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { for socket in sockets { close(socket) } }
        return try sockets.map { descriptor in
            var address = RawHTTP.loopback(port: 0)
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
                }
            }
            guard isBound else { throw PeerError(description: "no free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}

struct PeerError: Error, CustomStringConvertible { var description: String }
