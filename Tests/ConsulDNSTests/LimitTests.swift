import DNSWire
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Primitives
import Synchronization
import TestKit
import Testing

@testable import ConsulDNS

/// Tests the bounds at their limits.
@Suite(.serialized, .timeLimit(.minutes(2))) struct LimitTests {
    @Test func connectionsBeyondTheBoundAreClosed() async throws {
        let server = try await ServerTests.start(try ServerTests.catalog()) {
            $0.limits.connections = 8
        }
        var clients: [TCPClient] = []
        func ask(_ client: TCPClient) throws -> Int {
            try client.send(
                TCPClient.framed(UDPClient.question("web.service.consul", .a, id: 1)))
            return try client.receive().answers.count
        }
        for _ in 0..<8 {
            let client = try TCPClient(port: server.port)
            #expect(try ask(client) == 3)
            clients.append(client)
        }
        #expect(server.connectionCount == 8)
        for _ in 0..<50 {
            let surplus = try TCPClient(port: server.port)
            #expect(throws: ClientError.self) { _ = try ask(surplus) }
            surplus.close()
        }
        #expect(server.connectionCount == 8)
        // Open connections continue, and a closed one makes room. UDP is not affected.
        for client in clients { #expect(try ask(client) == 3) }
        let datagrams = try UDPClient(port: server.port)
        #expect(try datagrams.ask("web.service.consul").answers.count == 3)
        datagrams.close()
        clients.removeLast().close()
        try await eventually("there is room") { server.connectionCount <= 7 }
        let next = try TCPClient(port: server.port)
        #expect(try ask(next) == 3)
        for client in clients + [next] { client.close() }
        await server.stop()
    }

    /// One client's connections leave room for others'.
    @Test func connectionsOfAClientAreBounded() throws {
        var setup = DNSServer.Setup(
            listeners: [], rules: DNSRules(), backend: try ServerTests.catalog(), seed: 1,
            unixSeconds: { 0 })
        setup.limits.connections = 20
        setup.limits.connectionsPerClient = 15
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let core = try DNSCore(setup, on: EmbeddedEventLoop(), logger: logger)
        let admitted = (0..<100).count { _ in core.admit("10.0.0.1") }
        #expect(admitted == 15)
        #expect((0..<100).count { _ in core.admit("10.0.0.2") } == 5)
        core.closed(EmbeddedChannel(), of: "10.0.0.1")
        #expect(core.admit("10.0.0.3") && !core.admit("10.0.0.1"))
        #expect(core.connections.load(ordering: .relaxed) == 20)
    }

    /// A connection with questions is kept; a silent one, or one that sends a part of a question,
    /// is closed.
    @Test(arguments: [0, 9]) func anIdleConnectionIsClosed(octets: Int) throws {
        let loop = EmbeddedEventLoop()
        let setup = DNSServer.Setup(
            listeners: [], rules: DNSRules(), backend: try ServerTests.catalog(), seed: 1,
            unixSeconds: { 0 })
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let core = try DNSCore(setup, on: loop, logger: logger)
        #expect(core.admit("127.0.0.1"))
        let channel = EmbeddedChannel(
            handler: TCPHandler(core, of: "127.0.0.1", on: loop), loop: loop)
        channel.connect(
            to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let question = TCPClient.framed(UDPClient.question("web.service.consul", .a, id: 1))
        for _ in 0..<20 {
            loop.advanceTime(by: .seconds(7))
            try channel.writeInbound(ByteBuffer(bytes: question))
            let answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(answer.readableBytes > 80 && channel.isActive)
        }
        try channel.writeInbound(ByteBuffer(bytes: question[..<octets]))
        loop.advanceTime(by: .seconds(7))
        #expect(channel.isActive && core.connections.load(ordering: .relaxed) == 1)
        loop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive && core.connections.load(ordering: .relaxed) == 0)
        _ = try? channel.finish()
    }

    /// At the bound of questions that wait for a silent recursor, the next one fails at once, and
    /// questions in the domain are answered.
    @Test func questionsWithRecursorsAreBounded() async throws {
        let recursor = try await ScriptedRecursor.start(.drops)
        let server = try await ServerTests.start(
            try ServerTests.catalog(), recursors: [recursor.localAddress?.port ?? 0],
            timeout: .seconds(60)
        ) { $0.limits.recursions = 20 }
        let client = try UDPClient(port: server.port)
        for id in 1...20 as ClosedRange<UInt16> {
            try client.send(UDPClient.question("x\(id).example.com", .a, id: id))
        }
        try client.send(UDPClient.question("one.more.example.com", .a, id: 99))
        let answer = try client.receive()
        #expect(answer.id == 99 && answer.code == .serverFailure)
        #expect(try client.ask("web.service.consul").answers.count == 3)
        client.close()
        await server.stop()
        try await recursor.close()
    }

    /// The server stops reading from a connection that never reads its answers.
    @Test func aClientThatReadsNothing() async throws {
        let server = try await ServerTests.start(try ServerTests.catalog(300)) {
            $0.limits.idleTimeout = .milliseconds(500)
        }
        let greedy = try TCPClient(port: server.port)
        var all: [UInt8] = []
        for id in 1...100 as ClosedRange<UInt16> {
            all += TCPClient.framed(UDPClient.question("web.service.consul", .srv, id: id))
        }
        var sent = 0
        while sent < 5000, greedy.offer(all) { sent += 1 }
        // Its buffers are full; then it is idle, and closed.
        #expect(sent < 5000)
        try await eventually("it is closed") { server.connectionCount == 0 }
        greedy.close()
        await server.stop()
    }

    /// Sends random octets at full speed from several sockets, over UDP and TCP, while good
    /// questions are still answered.
    @Test func aFloodOfMalformedMessages() async throws {
        let server = try await ServerTests.start(try ServerTests.catalog())
        let noisy = try (0..<4).map { _ in try UDPClient(port: server.port) }
        let client = try UDPClient(port: server.port)
        let stream = try TCPClient(port: server.port)
        let good = UDPClient.question("web.service.consul", .a, id: 7)
        var random = SeededRandom(seed: 20)
        for round in 0..<20_000 {
            var octets = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                octets[Int.random(in: 0..<octets.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            if round % 3 == 0 { octets.removeLast(Int.random(in: 0...30, using: &random)) }
            try noisy[round % 4].send(octets)
            guard round % 500 == 0 else { continue }
            #expect(try client.ask("web.service.consul").answers.count == 3)
            try stream.send(TCPClient.framed(good))
            #expect(try stream.receive().answers.count == 3)
            let torn = try TCPClient(port: server.port)
            try torn.send([0xFF, 0xFF] + octets)
            torn.close()
        }
        for client in noisy + [client] { client.close() }
        stream.close()
        await server.stop()
    }

    @Test func aMessageOfTheLargestSize() async throws {
        let server = try await ServerTests.start(try ServerTests.catalog())
        let client = try TCPClient(port: server.port)
        var message = DNSMessage(id: 3)
        message.questions = [DNSMessage.Question(DNSName("web.service.consul") ?? .root, .a)]
        var edns = EDNS(udpSize: 4096)
        edns.options = [EDNS.Option(code: 65_001, data: [UInt8](repeating: 7, count: 65_470))]
        message.edns = edns
        var writer = MessageWriter()
        writer.write(message)
        #expect(writer.bytes.count > 65_500)
        try client.send(TCPClient.framed(writer.bytes))
        #expect(try client.receive().answers.count == 3)
        client.close()
        await server.stop()
    }
}
