import Glibc
import Platform
import Testing

/// Puts our agent under its maximum of connections, each from one of many loopback addresses, since
/// one client may have 200: memory is bounded, further connections get a status, and the agent
/// works normally afterwards.
@Suite(.serialized, .enabled(if: Program.isOursThere))
struct ManyConnectionsTests {
    /// The agent's bounds: `HTTPServerLimits.connections`, and the connections of one client.
    private static let most = 20_000
    private static let perClient = 200
    /// Descriptors that the tests and the agent need for other purposes.
    private static let others = 700
    private static let openFiles = __rlimit_resource_t(7)  // RLIMIT_NOFILE

    /// The limit of descriptors for a child process: enough for all connections if this process may
    /// raise it that far; else the system's maximum.
    private static let limit: rlimit = {
        var limit = rlimit()
        getrlimit(openFiles, &limit)
        let wanted = rlim_t(most + others)
        var raised = rlimit(rlim_cur: wanted, rlim_max: max(wanted, limit.rlim_max))
        if setrlimit(openFiles, &raised) == 0 {
            setrlimit(openFiles, &limit)
            return raised
        }
        raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        return raised
    }()

    /// Opens all 20,000 connections that the agent accepts; with fewer descriptors, as many as they
    /// allow, because the agent is one process. Skipped below 1,000.
    @Test(.enabled(if: limit.rlim_cur >= 1000 + others), .timeLimit(.minutes(5)))
    func agentServesItsMaximumOfConnections() async throws {
        let count = min(Self.most, Int(clamping: Self.limit.rlim_cur) - Self.others)
        var (before, raised) = (rlimit(), Self.limit)
        getrlimit(Self.openFiles, &before)
        setrlimit(Self.openFiles, &raised)
        defer { setrlimit(Self.openFiles, &before) }
        let agent = try await PeerAgent(.ours)
        let atRest = Self.memory(of: agent.processIdentifier)
        // The last few use an address of their own, for the next step.
        let clients = Clients()
        try clients.open(count - 50, port: agent.httpPort)
        #expect(clients.descriptors.count == count - 50)
        // One answer proves that that loop has accepted all earlier connections.
        #expect(try Self.status("/v1/status/leader", agent) == "HTTP/1.1 200 OK")
        let full = Self.memory(of: agent.processIdentifier)
        let each = (full - atRest) / count
        #expect(each < 64 << 10, "\(each) bytes for each connection")
        print("\(count) connections: \(atRest >> 20) MB at rest, \(full >> 20) MB, \(each) each")

        // One more connection from an address that has its 200.
        let refused = try Clients.connect(from: Clients.address(0), port: agent.httpPort)
        #expect(Clients.read(refused).hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
        close(refused)
        #expect(try Self.status("/v1/kv/none", agent) == "HTTP/1.1 404 Not Found")
        clients.close()
        for _ in 0..<600 where Self.descriptors(of: agent.processIdentifier) > 200 {
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        #expect(Self.descriptors(of: agent.processIdentifier) <= 200)
        #expect(try Self.status("/v1/status/leader", agent) == "HTTP/1.1 200 OK")
        await agent.stop()
    }

    private static func status(_ path: String, _ agent: PeerAgent) throws -> String {
        try RawHTTP.ask(HTTPLine("GET", path), port: agent.httpPort).status
    }

    /// The process's bytes in memory.
    private static func memory(of process: Int32) -> Int {
        guard let file = fopen("/proc/\(process)/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return 0 }
        let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }

    private static func descriptors(of process: Int32) -> Int {
        (try? Files.list("/proc/\(process)/fd").count) ?? 0
    }
}

/// Many sockets of this process, 200 from each address.
private final class Clients {
    private(set) var descriptors: [Int32] = []

    /// 127.1.0.1, 127.1.0.2 …
    static func address(_ number: Int) -> UInt32 {
        0x7F01_0001 + UInt32(number / 200) + UInt32(number / 200 / 250) * 6
    }

    /// Sends a request on each connection. Every fourth has had an answer and is idle; the others
    /// wait for a key's next change. Each sends its request as soon as it is connected, because a
    /// silent connection is closed after some seconds.
    func open(_ count: Int, port: Int) throws {
        for number in 0..<count {
            let descriptor = try Self.connect(from: Self.address(number), port: port)
            descriptors.append(descriptor)
            let path =
                number % 4 == 0 ? "/v1/status/leader" : "/v1/kv/none?index=1000000&wait=10m"
            let bytes = Array("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
            else { throw PeerError(description: "connection \(number) was closed") }
            if number % 4 == 0, !Self.read(descriptor).hasPrefix("HTTP/1.1 200 OK\r\n") {
                throw PeerError(description: "connection \(number) got no answer")
            }
        }
    }

    /// Reads the bytes that the agent sends at once.
    static func read(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    static func connect(from source: UInt32, port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var from = RawHTTP.loopback(port: 0)
        from.sin_addr.s_addr = source.bigEndian
        var to = RawHTTP.loopback(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = withUnsafePointer(to: &from) { from in
            withUnsafePointer(to: &to) { to in
                from.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0
                }
                    && to.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        Glibc.connect(descriptor, $0, size) == 0
                    }
            }
        }
        guard isConnected else {
            Glibc.close(descriptor)
            throw PeerError(description: "cannot connect: \(errnoText(errno))")
        }
        return descriptor
    }

    func close() {
        for descriptor in descriptors { Glibc.close(descriptor) }
        descriptors = []
    }

    deinit { close() }
}
