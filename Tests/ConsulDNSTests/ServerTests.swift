import ConsulModel
import DNSWire
import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Testing

@testable import ConsulDNS

/// The server on its sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerTests {
    private static func catalog(_ instances: Int = 3) throws -> ScriptedCatalog {
        let runner = ScriptRunner()
        for number in 0..<instances {
            _ = try runner.run("node n\(number) 10.0.\(number / 250).\(number % 250 + 1)")
            _ = try runner.run("service n\(number) web 80")
        }
        return runner.catalog
    }

    static func start(
        _ catalog: ScriptedCatalog, recursors: [Int] = [], timeout: GoDuration = .seconds(2),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> DNSServer {
        var rules = DNSRules()
        rules.recursors = recursors.map { "127.0.0.1:\($0)" }
        rules.recursorTimeout = timeout
        return try await DNSServer.start(
            listeners: [("127.0.0.1", 0)], rules: rules, backend: catalog, on: group, seed: 7,
            unixSeconds: { 1_700_000_000 },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func overUDP() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        let answer = try client.ask("web.service.consul")
        #expect(answer.code == .success && answer.answers.count == 3)
        #expect(answer.questions[0].name.description == "web.service.consul.")
        client.close()
        await server.stop()
    }

    @Test func manyQuestionsFromOneSocket() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        var missing = Set<UInt16>()
        for id in 1...200 as ClosedRange<UInt16> {
            try client.send(UDPClient.question("web.service.consul", .a, id: id))
            missing.insert(id)
        }
        while !missing.isEmpty { missing.remove(try client.receive().id) }
        client.close()
        await server.stop()
    }

    /// Garbage is answered with FORMERR or not at all, answers never; good questions go on.
    @Test func aFloodOfGarbage() async throws {
        let server = try await Self.start(try Self.catalog())
        let noisy = try UDPClient(port: server.port)
        let client = try UDPClient(port: server.port)
        var random = SeededRandom(seed: 3)
        for round in 0..<2000 {
            var octets = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if round % 2 == 0, octets.count > 12 { octets[2] &= 0x7F }
            try noisy.send(octets)
            if round % 100 == 0 {
                #expect(try client.ask("web.service.consul").answers.count == 3)
            }
        }
        noisy.close()
        client.close()
        await server.stop()
    }

    @Test func whatIsNoQuestion() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        var octets = UDPClient.question("web.service.consul", .a, id: 5)
        octets[2] |= 0x80
        try client.send(octets)  // an answer: passed over
        octets = UDPClient.question("web.service.consul", .a, id: 6)
        octets[2] = 2 << 3  // STATUS
        try client.send(octets)
        let status = try client.receive()
        #expect(status.id == 6 && status.code == .notImplemented && status.questions.isEmpty)
        octets = UDPClient.question("web.service.consul", .a, id: 7)
        octets[5] = 2
        try client.send(octets)
        let wrong = try client.receive()
        #expect(wrong.id == 7 && wrong.code == .formatError)
        client.close()
        await server.stop()
    }

    @Test func overTCPOneAfterAnother() async throws {
        let server = try await Self.start(try Self.catalog(300))
        let client = try TCPClient(port: server.port)
        var all: [UInt8] = []
        for id in 1...100 as ClosedRange<UInt16> {
            all += TCPClient.framed(UDPClient.question("web.service.consul", .srv, id: id))
        }
        // In odd pieces, so that lengths and messages are torn.
        try client.send(Array(all[..<777]))
        try client.send(Array(all[777...]))
        for id in 1...100 as ClosedRange<UInt16> {
            let answer = try client.receive()
            #expect(answer.id == id && answer.answers.count == 300)
        }
        client.close()
        await server.stop()
    }

    @Test func aClientThatEndsItsSideStillGetsItsAnswer() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try TCPClient(port: server.port)
        try client.send(TCPClient.framed(UDPClient.question("web.service.consul", .a, id: 9)))
        client.endSending()
        #expect(try client.receive().answers.count == 3)
        client.close()
        await server.stop()
    }

    @Test func anEmptyConnectionIsClosed() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try TCPClient(port: server.port)
        try client.send([0, 0])  // a message without a header
        #expect(throws: ClientError.self) { try client.receive() }
        client.close()
        await server.stop()
    }

    @Test func aPortInUseIsNamed() async throws {
        let server = try await Self.start(try Self.catalog())
        let port = server.port
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let error = await #expect(throws: ConsulDNSError.self) {
            _ = try await DNSServer.start(
                listeners: [("127.0.0.1", port)], rules: DNSRules(),
                backend: ScriptedCatalog(), on: MultiThreadedEventLoopGroup.singleton, seed: 1,
                unixSeconds: { 0 }, logger: logger)
        }
        #expect(
            error?.description
                == "Failed to start DNS server: listen tcp 127.0.0.1:\(port): bind: "
                + "address already in use")
        await server.stop()
    }

    @Test func newRulesHoldForNewQuestions() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        var rules = DNSRules()
        rules.serviceTTL = ["we*": .seconds(9)]
        try server.update(rules)
        #expect(try client.ask("web.service.consul").answers.map { $0.ttl } == [9, 9, 9])
        rules.recursors = ["nowhere"]
        #expect(throws: ConsulDNSError.recursor("nowhere")) { try server.update(rules) }
        client.close()
        await server.stop()
    }
}
