import ConsulAgent
import ConsulConfig
import Dispatch
import Glibc
import Platform
import StandardPlugins
import TestKit

struct Unserved: Error { let reason: String }

/// An agent in this process that serves on a unix socket. `stop` must be called.
final class ServedAgent: Sendable {
    let socket: String
    private let folder: TestFolder
    private let agent: Agent

    init() async throws {
        folder = try TestFolder("fuzz")
        let path = folder.path
        socket = path + "/http.sock"
        mkdir(path + "/config.d", 0o755)
        let fragment = """
            {"server": true, "bootstrap": true, "bind_addr": "127.0.0.1",
             "data_dir": "\(path)/data", "ports": {"dns": -1, "serf_lan": -1, "serf_wan": -1},
             "node_name": "fuzz",
             "addresses": {"http": "unix://\(socket)"}}
            """
        try AtomicFile.write(path + "/config.d/a.json", Array(fragment.utf8), mode: 0o644)
        let sources = ConfigSources(locations: [.directory(path + "/config.d")], flags: [])
        let plugins = StandardPlugins.all()
        let outcome = sources.load(registry: try Agent.registry(plugins))
        guard let config = outcome.config else { throw Unserved(reason: "\(outcome.errors)") }
        var settings = LogSettings()
        settings.toStandardOutput = false
        agent = try Agent(
            config: config, sources: sources, plugins: plugins, logSink: try LogSink(settings))
        try await agent.start(catchesSignals: false)
    }

    func stop() async { await agent.stop(gracefully: false) }

    /// Sends all of a request and reads until the agent ends the connection. Runs on a thread of
    /// its own: a test that blocks must not delay the agent's tasks.
    /// - Parameter halfCloses: ends the sending side after the request.
    func exchange(_ request: [UInt8], halfCloses: Bool = false) async throws -> RawAnswer {
        let path = socket
        let answer = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let socket = RawSocket(path)
                socket?.send(request)
                if halfCloses { socket?.endSending() }
                continuation.resume(returning: socket?.receiveAll())
            }
        }
        guard let answer else { throw Unserved(reason: "no connection") }
        return answer
    }

    /// Returns true when the agent answers a good request.
    func isWell() async throws -> Bool {
        let request = "GET /v1/status/leader HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        return try await exchange(Array(request.utf8)).status == 200
    }
}

/// The bytes received before the connection ended.
struct RawAnswer: Sendable {
    var bytes: [UInt8]
    /// False: the agent was silent for a minute.
    var isEnded: Bool

    /// True without an answer, or with `100 Continue` alone.
    var isSilent: Bool {
        bytes.isEmpty || bytes.elementsEqual("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    }

    /// The status of the first answer that is not `100 Continue`; nil when there is none.
    var status: Int? {
        var text = String(decoding: bytes, as: UTF8.self)[...]
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        if text.utf8.starts(with: interim.utf8) {
            text = text[text.utf8.index(text.startIndex, offsetBy: interim.utf8.count)...]
        }
        guard text.utf8.starts(with: "HTTP/1.".utf8) else { return nil }
        return text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
    }

    var body: String {
        let text = String(decoding: bytes, as: UTF8.self)
        // After a `100 Continue`, if there is one.
        let head = text.firstRange(of: "HTTP/1.1 5").map { text[$0.lowerBound...] } ?? text[...]
        return head.firstRange(of: "\r\n\r\n").map { String(head[$0.upperBound...]) } ?? ""
    }
}

/// A client that sends any bytes.
final class RawSocket {
    let descriptor: Int32

    init?(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { return nil }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    deinit { close(descriptor) }

    /// Stops early when the agent has closed.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    func receiveAll() -> RawAnswer {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                all += buffer[..<count]
            } else {
                let isSilent = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
                return RawAnswer(bytes: all, isEnded: !isSilent)
            }
        }
    }
}
