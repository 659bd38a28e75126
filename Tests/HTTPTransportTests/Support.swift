import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives
import Synchronization

@testable import HTTPTransport
@testable import Platform

/// Answers by path, and holds parked requests for the test to answer.
final class TestHandler: HTTPHandler {
    let parked = Mutex<[HTTPResponder]>([])
    let gone = Atomic<Int>(0)
    let streams = Mutex<[HTTPStreamWriter]>([])

    let hosts = Mutex<[String]>([])

    func refusal(ofHost host: String, onLoopback: Bool) -> HTTPResponse? {
        hosts.withLock { $0.append(host) }
        return host == "evil.example" ? .text(403, "not here") : nil
    }

    func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        switch request.path {
        case "/echo":
            responder.respond(
                HTTPResponse(
                    status: 200,
                    headers: ["Content-Type": "text/plain", "X-Method": request.method],
                    body: request.body.isEmpty ? Array(request.query.utf8) : request.body))
        case "/file":
            var sum = 0
            var count = 0
            while let piece = try? request.bodyFile?.next() {
                count += piece.count
                for byte in piece { sum &+= Int(byte) }
            }
            let place = request.bodyFile == nil ? "memory" : "disk"
            responder.respond(.text(200, "\(place) \(count) \(sum)"))
        case "/headers":
            responder.addHeaders([("X-Own", "ours"), ("X-Added", "ours")])
            responder.respond(HTTPResponse(status: 200, headers: ["X-Own": "theirs"]))
        case "/park":
            responder.onClose { self.gone.add(1, ordering: .relaxed) }
            parked.withLock { $0.append(responder) }
        case "/big":
            responder.respond(
                HTTPResponse(status: 200, body: [UInt8](repeating: 65, count: 3_000_000)))
        case "/stream":
            let writer = responder.respond(streaming: HTTPResponse(status: 200))
            streams.withLock { $0.append(writer) }
        case "/uri": responder.respond(.text(200, request.uri))
        case "/to": responder.respond(HTTPResponse(status: 302, headers: ["Location": "/uri"]))
        case "/split":
            responder.respond(HTTPResponse(status: 200, headers: ["X-A": "b\r\nX-Evil: c"]))
        default: responder.respond(.text(404, "404 page not found\n"))
        }
    }
}

let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

struct TestServer {
    let server: HTTPServer
    let handler = TestHandler()
    var port: Int { server.ports[0] }
    var url: String { "http://127.0.0.1:\(port)" }

    init(
        _ listener: HTTPListener = .tcp(host: "127.0.0.1", port: 0), tls: TLSSettings? = nil,
        _ change: (inout HTTPServerLimits) -> Void = { _ in }
    ) async throws {
        var limits = HTTPServerLimits()
        limits.sweepEvery = .milliseconds(20)
        change(&limits)
        server = try await HTTPServer.start(
            listeners: [listener], tls: tls, handler: handler, limits: limits, on: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

/// A plain blocking socket, to send bytes that no client would send.
final class RawClient {
    private let descriptor: Int32

    /// - Parameter source: a loopback address, for a client of its own.
    init(port: Int, receiveBuffer: Int32? = nil, source: String = "127.0.0.1") throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        }
        var from = sockaddr_in()
        from.sin_family = sa_family_t(AF_INET)
        from.sin_addr.s_addr = inet_addr(source)
        _ = withUnsafePointer(to: &from) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw FileError("connect", "\(port)", code: errno) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    deinit { Glibc.close(descriptor) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Reads until `end` has arrived or the connection ends.
    func receive(until end: String? = nil) -> String {
        var all: [UInt8] = []
        let wanted = end.map { Array($0.utf8) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let wanted, all.suffix(65536 + wanted.count).contains(wanted) { break }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            all += buffer[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads to the end of the connection; returns false if it is still open ten seconds later.
    func receivesTheEnd() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }

    /// Reads up to `count` bytes and returns their number.
    func receive(atMost count: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var total = 0
        while total < count {
            let got = recv(descriptor, &buffer, buffer.count, 0)
            if got <= 0 { break }
            total += got
        }
        return total
    }

    /// Returns true when the server has read all that was sent: looks the server's end up in the
    /// kernel's table of connections (local port, remote port, sizes of the two queues).
    var isRead: Bool {
        var unsent: Int32 = 1
        guard ioctl(descriptor, UInt(TIOCOUTQ), &unsent) == 0, unsent == 0 else { return false }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
        }
        guard code == 0, let table = try? Files.read("/proc/self/net/tcp", limit: 1 << 24) else {
            return false
        }
        let port = String(in_port_t(bigEndian: address.sin_port), radix: 16, uppercase: true)
        let ending = ":" + String(repeating: "0", count: 4 - port.count) + port
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 4, fields[2].hasSuffix(ending) {
                return fields[4].hasSuffix(":00000000")
            }
        }
        return false
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// Waits at most ten seconds for a condition that another thread fulfils.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(nanoseconds: 10_000_000)
    }
    return condition()
}
