import Primitives
import Synchronization
import Testing

@testable import HTTPTransport
@testable import Platform

/// Tests clients that are slow, numerous, or disconnect without notice. The limits are short here.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HostileClientsTests {
    /// The client never pauses for long and never finishes: the total time counts, not the pauses.
    @Test(arguments: [
        "GET /echo HTTP/1.1\r\nHost: x\r\nA: ",
        "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n",
    ])
    func dripsAreCutOff(beginning: String) async throws {
        let test = try await TestServer {
            $0.headerTimeout = .milliseconds(300)
            $0.bodyTimeout = .seconds(60)
            $0.bodyTotalTimeout = .milliseconds(300)
        }
        let client = try RawClient(port: test.port)
        client.send(beginning)
        #expect(await eventually { !client.send("a") })
        #expect(client.receive() == "")
        #expect(await eventually { test.server.connectionCount == 0 })
        await test.server.stop()
    }

    /// A head is accepted that the server reads in several parts within its time.
    @Test func slowButInTimeIsServed() async throws {
        let test = try await TestServer { $0.headerTimeout = .seconds(60) }
        let client = try RawClient(port: test.port)
        for part in ["GET /ec", "ho?x HTTP/1.1\r", "\nHost: x\r\n", "\r\n"] {
            client.send(part)
            #expect(await eventually { client.isRead })
        }
        #expect(client.receive(until: "\r\n\r\nx").hasPrefix("HTTP/1.1 200 OK"))
        await test.server.stop()
    }

    /// A TLS client gets an error at once, because its hello is not a request line.
    @Test func otherProtocolsAreRefusedAtTheirFirstByte() async throws {
        let test = try await TestServer { $0.headerTimeout = .seconds(600) }
        for bytes: [UInt8] in [[0x16, 0x03, 0x01, 0x02], [0x00], [0xFF, 0xFE], [0x20]] {
            let client = try RawClient(port: test.port)
            client.send(bytes)
            #expect(client.receive().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        }
        await test.server.stop()
    }

    /// The client ends its side at once: its request is still answered.
    @Test func halfClosedConnectionsAreAnswered() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /echo?x HTTP/1.1\r\nHost: x\r\n\r\n")
        client.endSending()
        #expect(client.receive().hasSuffix("x"))
        #expect(await eventually { test.server.connectionCount == 0 })
        await test.server.stop()
    }

    @Test func beyondAllConnectionsIs503() async throws {
        let test = try await TestServer { $0.connections = 2 }
        let first = try RawClient(port: test.port)
        let second = try RawClient(port: test.port, source: "127.0.0.2")
        #expect(await eventually { test.server.connectionCount == 2 })
        let third = try RawClient(port: test.port, source: "127.0.0.3")
        #expect(third.receive().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        first.close()
        #expect(await eventually { test.server.connectionCount == 1 })
        second.send("GET /echo?x HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(second.receive(until: "\r\n\r\nx").hasPrefix("HTTP/1.1 200 OK"))
        let fourth = try RawClient(port: test.port, source: "127.0.0.3")
        fourth.send("GET /echo?y HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(fourth.receive(until: "\r\n\r\ny").hasPrefix("HTTP/1.1 200 OK"))
        await test.server.stop()
    }

    /// Each client has a count of its own, and a refused connection does not use it up.
    @Test func connectionsAreCountedByAddress() async throws {
        let test = try await TestServer { $0.connectionsPerClient = 2 }
        var clients: [RawClient] = []
        for source in ["127.0.0.2", "127.0.0.3", "127.0.0.4"] {
            for _ in 0..<2 { clients.append(try RawClient(port: test.port, source: source)) }
        }
        #expect(await eventually { test.server.connectionCount == 6 })
        for _ in 0..<5 {
            let refused = try RawClient(port: test.port, source: "127.0.0.3")
            #expect(refused.receive().hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
        }
        clients[2].close()
        #expect(await eventually { test.server.connectionCount == 5 })
        let client = try RawClient(port: test.port, source: "127.0.0.3")
        client.send("GET /echo?x HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(client.receive(until: "\r\n\r\nx").hasPrefix("HTTP/1.1 200 OK"))
        await test.server.stop()
    }

    @Test func addedHeadersYieldToTheAnswersOwn() async throws {
        let test = try await TestServer()
        let client = try RawClient(port: test.port)
        client.send("GET /headers HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let answer = client.receive()
        #expect(answer.contains("X-Own: theirs\r\n") && answer.contains("X-Added: ours\r\n"))
        #expect(!answer.contains("X-Own: ours"))
        await test.server.stop()
    }
}
