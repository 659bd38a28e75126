import Glibc
import Primitives
import TestKit
import Testing

@testable import HTTPTransport
@testable import Platform

/// Uses certificates made by the `openssl` program.
@Suite(.enabled(if: Files.isExecutable("/usr/bin/openssl")), .timeLimit(.minutes(1)))
struct TLSTests {
    @Test func trustNamesAndClientCertificatesAreChecked() async throws {
        let scratch = try TestFolder("tls")
        defer { withExtendedLifetime(scratch) {} }
        let folder = scratch.path
        try await makeCertificate(in: folder)
        var own = TLSSettings()
        own.certificateFile = "\(folder)/cert.pem"
        own.keyFile = "\(folder)/key.pem"
        own.authorityFile = "\(folder)/cert.pem"
        own.verifiesIncoming = true
        let test = try await TestServer(tls: own)
        let client = HTTPClient(on: group)
        var call = HTTPCall(url: "https://127.0.0.1:\(test.port)/uri", timeout: .seconds(10))

        call.tls = own
        call.tls?.serverName = "server.dc1.consul"
        #expect(try await client.execute(call).text == "/uri")

        call.tls?.serverName = nil
        call.tls?.skipsNameVerification = true
        #expect(try await client.execute(call).text == "/uri")

        call.tls?.skipsNameVerification = false
        await #expect(throws: HTTPCallError.self) { try await client.execute(call) }

        var stranger = TLSSettings()
        stranger.skipsVerification = true
        call.tls = stranger
        await #expect(throws: HTTPCallError.self) { try await client.execute(call) }

        var named = own
        named.serverName = "server.dc1.consul"
        try await TCPDial.connect(
            host: "127.0.0.1", port: test.port, timeout: .seconds(5), tls: named, on: group)
        await client.shutdown()
        await test.server.stop()
    }

    @Test func plainHTTPClientGetsAnError() async throws {
        let scratch = try TestFolder("tls-plain")
        defer { withExtendedLifetime(scratch) {} }
        try await makeCertificate(in: scratch.path)
        var own = TLSSettings()
        own.certificateFile = "\(scratch.path)/cert.pem"
        own.keyFile = "\(scratch.path)/key.pem"
        let test = try await TestServer(tls: own)
        for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "P"] {
            let client = try RawClient(port: test.port)
            client.send(request)
            #expect(
                client.receive()
                    == "HTTP/1.0 400 Bad Request\r\n\r\n"
                    + "Client sent an HTTP request to an HTTPS server.\n")
        }
        #expect(await eventually { test.server.connectionCount == 0 })
        await test.server.stop()
    }

    /// A client that sends nothing, or half of a greeting, is closed; one that finishes its
    /// handshake in time has as long as any other for its request.
    @Test func unfinishedHandshakeTimesOut() async throws {
        let scratch = try TestFolder("tls-slow")
        defer { withExtendedLifetime(scratch) {} }
        try await makeCertificate(in: scratch.path)
        var own = TLSSettings()
        own.certificateFile = "\(scratch.path)/cert.pem"
        own.keyFile = "\(scratch.path)/key.pem"
        let test = try await TestServer(tls: own) {
            $0.handshakeTimeout = .milliseconds(300)
            $0.headerTimeout = .minutes(10)
        }
        for beginning in [[], [0x16, 3, 1, 2, 0, 1]] as [[UInt8]] {
            let client = try RawClient(port: test.port)
            client.send(beginning)
            #expect(client.receivesTheEnd())
        }
        #expect(await eventually { test.server.connectionCount == 0 })
        // This client connects long before it sends a request.
        let line = "(sleep 1; printf 'GET /uri HTTP/1.0\\r\\n\\r\\n')"
            + " | openssl s_client -quiet -connect 127.0.0.1:\(test.port) 2>/dev/null"
        var patient = ProcessSpec(["sh", "-c", line])
        patient.timeout = .seconds(20)
        #expect(await ProcessRun.run(patient).output.hasSuffix("/uri"))
        await test.server.stop()
    }

    @Test func aRenewedCertificateServesNewConnections() async throws {
        let scratch = try TestFolder("tls-renewal")
        defer { withExtendedLifetime(scratch) {} }
        let folder = scratch.path
        try await makeCertificate(in: folder)
        var own = TLSSettings()
        own.certificateFile = "\(folder)/cert.pem"
        own.keyFile = "\(folder)/key.pem"
        let test = try await TestServer(tls: own)
        let client = HTTPClient(on: group)
        // The client trusts a copy of the old certificate; the renewed one is another.
        try AtomicFile.write(
            "\(folder)/old.pem", try Files.read("\(folder)/cert.pem", limit: 1 << 16))
        try await makeCertificate(in: folder)

        #expect(try await answers(test, trusting: "\(folder)/old.pem", client))
        try test.server.replaceTLS(own)
        #expect(try await answers(test, trusting: "\(folder)/cert.pem", client))
        #expect(try await !answers(test, trusting: "\(folder)/old.pem", client))

        own.keyFile = "\(folder)/none.pem"
        #expect(throws: TLSError.self) { try test.server.replaceTLS(own) }
        #expect(try await answers(test, trusting: "\(folder)/cert.pem", client))
        await client.shutdown()
        await test.server.stop()
    }

    private func answers(_ test: TestServer, trusting file: String, _ client: HTTPClient)
        async throws -> Bool
    {
        var call = HTTPCall(url: "https://127.0.0.1:\(test.port)/uri", timeout: .seconds(10))
        call.keepsAlive = false
        var tls = TLSSettings()
        tls.authorityFile = file
        tls.skipsNameVerification = true
        call.tls = tls
        do {
            return try await client.execute(call).text == "/uri"
        } catch {
            return false
        }
    }

    private func makeCertificate(in folder: String) async throws {
        var make = ProcessSpec([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=server.dc1.consul", "-addext",
            "subjectAltName=DNS:server.dc1.consul", "-keyout", "\(folder)/key.pem", "-out",
            "\(folder)/cert.pem",
        ])
        make.timeout = .seconds(20)
        let made = await ProcessRun.run(make)
        #expect(made.ending == .exited(0), "\(made.output)")
    }
}
