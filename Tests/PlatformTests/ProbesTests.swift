import Glibc
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Platform

@Suite(.timeLimit(.minutes(1))) struct ProbesTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    @Test func dialSucceedsOnAnOpenPort() async throws {
        let server = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        try await TCPDial.connect(host: "127.0.0.1", port: port, timeout: .seconds(5), on: group)
        try await TCPDial.connect(host: "localhost", port: port, timeout: .seconds(5), on: group)
        try await server.close()
        await #expect(
            throws: NetworkError(
                "dial tcp 127.0.0.1:\(port): connect: connection refused", isRefused: true)
        ) {
            try await TCPDial.connect(
                host: "127.0.0.1", port: port, timeout: .seconds(5), on: group)
        }
    }

    @Test func missingHandshakeTimesOut() async throws {
        let server = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        await #expect(
            throws: NetworkError("dial tcp 127.0.0.1:\(port): i/o timeout", isTimeout: true)
        ) {
            try await TCPDial.connect(
                host: "127.0.0.1", port: port, timeout: .milliseconds(200), tls: TLSSettings(),
                on: group)
        }
        try await server.close()
    }

    @Test func datagramIsAnsweredRefusedOrLost() async throws {
        let echo = try await DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let silent = try await DatagramBootstrap(group: group)
            .bind(host: "127.0.0.1", port: 0).get()
        func ask(_ port: Int, _ wait: GoDuration = .seconds(10)) async throws -> UDPProbe.Answer {
            try await UDPProbe.exchange(
                host: "127.0.0.1", port: port, payload: [1, 2], timeout: wait,
                on: group)
        }
        let port = try #require(echo.localAddress?.port)
        #expect(try await ask(port) == .reply([1, 2]))
        let silentPort = try #require(silent.localAddress?.port)
        #expect(try await ask(silentPort, .milliseconds(100)) == .timedOut)
        try await echo.close()
        #expect(try await ask(port) == .refused)
        try await silent.close()
    }

    @Test func tlsErrorsNameTheFile() async throws {
        try await withFolder { folder in
            var settings = TLSSettings()
            settings.certificateFile = "\(folder)/none.pem"
            settings.keyFile = "\(folder)/key.pem"
            #expect(
                throws: TLSError(
                    "certificate file: open \(folder)/none.pem: no such file or directory")
            ) { try settings.serverContext() }
            try AtomicFile.write("\(folder)/none.pem", Array("not PEM".utf8))
            do {
                _ = try settings.serverContext()
                Issue.record("must not load")
            } catch {
                #expect("\(error)".hasPrefix("certificate file \(folder)/none.pem: no PEM"))
            }
        }
    }

    @Test func readinessReachesTheSocket() async throws {
        try await withFolder { folder in
            let path = "\(folder)/notify"
            let socket = try receiver(path)
            defer { close(socket) }
            let notify = try #require(NotifySocket(path: path))
            notify.ready()
            notify.status("two\nlines")
            #expect(receive(socket) == "READY=1")
            #expect(receive(socket) == "STATUS=two lines")
            #expect(NotifySocket(path: "@no-such-abstract")?.send("READY=1") == false)
        }
        let name = "@platform-test-\(getpid())"
        let socket = try receiver(name)
        defer { close(socket) }
        NotifySocket(path: name)?.stopping()
        #expect(receive(socket) == "STOPPING=1")
    }

    private func receiver(_ path: String) throws -> Int32 {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(2 + name.count))
            }
        }
        try #require(code == 0)
        return socket
    }

    private func receive(_ socket: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func signalsAreStreamed() async throws {
        var stream = Signals.stream().makeAsyncIterator()
        kill(getpid(), SIGUSR1)
        #expect(await stream.next() == .user1)
        kill(getpid(), SIGHUP)
        #expect(await stream.next() == .hangup)
        // Another listener gets only its own signals.
        var ends = Signals.stream(of: [.interrupt]).makeAsyncIterator()
        kill(getpid(), SIGUSR1)
        #expect(await stream.next() == .user1)
        kill(getpid(), SIGINT)
        #expect(await ends.next() == .interrupt)
        #expect(await stream.next() == .interrupt)
        #expect(!Signals.isIgnored(.hangup))
    }

    @Test func loopbackIsAmongTheAddresses() {
        let loopback = HostAddresses.all().first { $0.text == "127.0.0.1" }
        #expect(loopback?.isLoopback == true && loopback?.prefixLength == 8)
        #expect(!HostAddresses.hostName().isEmpty)
        #expect(HostAddresses.bytes(of: "::1")?.count == 16)
    }
}

private final class Echo: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(data, promise: nil)
    }
}
