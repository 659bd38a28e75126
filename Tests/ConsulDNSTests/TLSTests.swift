import DNSWire
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Platform
import Primitives
import TestKit
import Testing

@testable import ConsulDNS

/// Tests DNS over TLS, with certificates made by the `openssl` program.
@Suite(
    .serialized, .enabled(if: Files.isExecutable("/usr/bin/openssl")), .timeLimit(.minutes(2)))
struct TLSTests {
    private static func makeCertificate(in folder: String) async throws -> TLSSettings {
        var make = ProcessSpec([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=ns.consul", "-addext",
            "subjectAltName=DNS:ns.consul", "-keyout", "\(folder)/key.pem", "-out",
            "\(folder)/cert.pem",
        ])
        make.timeout = .seconds(20)
        let made = await ProcessRun.run(make)
        #expect(made.ending == .exited(0), "\(made.output)")
        var settings = TLSSettings()
        settings.certificateFile = "\(folder)/cert.pem"
        settings.keyFile = "\(folder)/key.pem"
        return settings
    }

    private func withServer(
        _ adjust: @Sendable (inout DNSServer.Setup) -> Void = { _ in },
        _ body: (DNSServer, TLSSettings, String) async throws -> Void
    ) async throws {
        let scratch = try TestFolder("dns-tls")
        defer { withExtendedLifetime(scratch) {} }
        let folder = scratch.path
        let settings = try await Self.makeCertificate(in: folder)
        let server = try await ServerTests.start(try ServerTests.catalog(300)) {
            $0.listeners.append(DNSListener(host: "127.0.0.1", port: 0, .tls))
            $0.tls = settings
            adjust(&$0)
        }
        do { try await body(server, settings, folder) } catch { Issue.record(error) }
        await server.stop()
    }

    /// Connects, checks the certificate by the trusted one, and sends all questions at once.
    private func ask(
        _ port: Int, trusting file: String, _ count: Int, protocols: [String] = ["dot"]
    ) async throws -> [DNSMessage] {
        var trust = TLSSettings()
        trust.authorityFile = file
        var configuration = try trust.clientConfiguration()
        configuration.applicationProtocols = protocols
        let context = try NIOSSLContext(configuration: configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        let collector = AnswerCollector(count, group.next())
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: "ns.consul"),
                        collector)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        var questions = ByteBuffer()
        for id in 1...count {
            questions.writeBytes(
                TCPClient.framed(
                    UDPClient.question("web.service.consul", .srv, id: UInt16(id))))
        }
        channel.writeAndFlush(questions, promise: nil)
        let answers = try await collector.answers.get()
        channel.close(promise: nil)
        return answers
    }

    @Test func questionsFollowOneAnother() async throws {
        try await withServer { server, settings, _ in
            #expect(server.addresses.contains { $0.hasSuffix("(tls)") })
            let answers = try await ask(
                server.portOfTLS, trusting: settings.certificateFile ?? "", 100)
            #expect(answers.map { $0.id } == Array(1...100))
            #expect(answers.allSatisfy { $0.answers.count == 300 })
            // A client without ALPN is served as well.
            let plain = try await ask(
                server.portOfTLS, trusting: settings.certificateFile ?? "", 1, protocols: [])
            #expect(plain.count == 1)
            // Plain text gets no answer on this port.
            let client = try TCPClient(port: server.portOfTLS)
            try client.send(TCPClient.framed(UDPClient.question("n1.node.consul", .a, id: 1)))
            #expect(throws: (any Error).self) { try client.receive() }
            client.close()
        }
    }

    @Test func aRenewedCertificateServesNewConnections() async throws {
        try await withServer { server, settings, folder in
            try AtomicFile.write(
                "\(folder)/old.pem", try Files.read("\(folder)/cert.pem", limit: 1 << 16))
            _ = try await Self.makeCertificate(in: folder)
            #expect(try await ask(server.portOfTLS, trusting: "\(folder)/old.pem", 1).count == 1)
            try server.replaceTLS(settings)
            #expect(try await ask(server.portOfTLS, trusting: "\(folder)/cert.pem", 1).count == 1)
            await #expect(throws: (any Error).self) {
                try await ask(server.portOfTLS, trusting: "\(folder)/old.pem", 1)
            }
            var wrong = settings
            wrong.keyFile = "\(folder)/none.pem"
            #expect(throws: TLSError.self) { try server.replaceTLS(wrong) }
            #expect(try await ask(server.portOfTLS, trusting: "\(folder)/cert.pem", 1).count == 1)
        }
    }

    /// A connection without a handshake is idle.
    @Test func aSilentClientIsClosed() async throws {
        try await withServer({
            $0.limits.idleTimeout = .milliseconds(100)
            $0.limits.connections = 1
        }) { server, _, _ in
            let silent = try TCPClient(port: server.portOfTLS)
            #expect(throws: ClientError.self) { try silent.receive() }
            silent.close()
            try await eventually("it is closed") { server.connectionCount == 0 }
        }
    }

    @Test func withoutACertificateNothingStarts() async throws {
        let error = await #expect(throws: ConsulDNSError.self) {
            _ = try await ServerTests.start(try ServerTests.catalog()) {
                $0.listeners = [DNSListener(host: "127.0.0.1", port: 0, .tls)]
            }
        }
        #expect(
            error?.description
                == "Failed to start DNS server: TLS needs a certificate file and a key file")
    }
}

/// Collects a number of answers, and then completes.
private final class AnswerCollector: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let count: Int
    private let promise: EventLoopPromise<[DNSMessage]>
    private var received = ByteBuffer()
    private var found: [DNSMessage] = []

    init(_ count: Int, _ loop: any EventLoop) {
        self.count = count
        promise = loop.makePromise()
    }

    var answers: EventLoopFuture<[DNSMessage]> { promise.futureResult }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        while let answer = received.readLengthPrefixedSlice(as: UInt16.self) {
            do {
                found.append(try DNSMessage(Array(answer.readableBytesView)))
            } catch {
                promise.fail(error)
            }
        }
        if found.count == count { promise.succeed(found) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ClientError(description: "the connection ended"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}
