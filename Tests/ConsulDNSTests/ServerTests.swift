import ConsulModel
import DNSWire
import Logging
import NIOCore
import NIOPosix
import Platform
import Primitives
import Testing

@testable import ConsulDNS

/// Tests the server on its sockets.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerTests {
    static func catalog(_ instances: Int = 3) throws -> ScriptedCatalog {
        let runner = ScriptRunner()
        for number in 0..<instances {
            _ = try runner.run("node n\(number) 10.0.\(number / 250).\(number % 250 + 1)")
            _ = try runner.run("service n\(number) web 80")
        }
        return runner.catalog
    }

    static func start(
        _ catalog: ScriptedCatalog, recursors: [Int] = [], timeout: GoDuration = .seconds(2),
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        rules given: DNSRules = DNSRules(), _ adjust: (inout DNSServer.Setup) -> Void = { _ in }
    ) async throws -> DNSServer {
        var rules = given
        rules.recursors = recursors.map { "127.0.0.1:\($0)" }
        rules.recursorTimeout = timeout
        var setup = DNSServer.Setup(
            listeners: [DNSListener(host: "127.0.0.1", port: 0)], rules: rules, backend: catalog,
            seed: 7, unixSeconds: { 1_700_000_000 })
        adjust(&setup)
        return try await DNSServer.start(
            setup, on: group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
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

    /// The answer is BADVERS, in the version that the server supports, and has no records.
    @Test func aLaterVersionOfEDNSIsNamed() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        var message = DNSMessage(id: 7, flags: [])
        message.questions = [DNSMessage.Question(DNSName("web.service.consul") ?? .root, .a)]
        message.edns = EDNS(udpSize: 4096)
        message.edns?.version = 1
        var writer = MessageWriter()
        writer.write(message)
        try client.send(writer.bytes)
        let answer = try client.receive()
        #expect(answer.code == .badVersion && answer.answers.isEmpty && answer.id == 7)
        #expect(answer.edns?.version == 0)
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

    /// Garbage is answered with FORMERR or not at all, answers never; good questions are still
    /// answered.
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

    @Test func messagesOtherThanQuestionsAreRefused() async throws {
        let server = try await Self.start(try Self.catalog())
        let client = try UDPClient(port: server.port)
        var octets = UDPClient.question("web.service.consul", .a, id: 5)
        octets[2] |= 0x80
        try client.send(octets)  // an answer: ignored
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
        // Sends odd pieces, so that lengths and messages are split.
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
            let setup = DNSServer.Setup(
                listeners: [DNSListener(host: "127.0.0.1", port: port)], rules: DNSRules(),
                backend: ScriptedCatalog(), seed: 1, unixSeconds: { 0 })
            _ = try await DNSServer.start(
                setup, on: MultiThreadedEventLoopGroup.singleton, logger: logger)
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

    /// With weights 9 and 1, the heavier of two instances is first nine times in ten.
    @Test func weightsDecideTheOrder() async throws {
        let runner = ScriptRunner()
        for command in [
            "node n1 10.0.0.1", "node n2 10.0.0.2", "node n3 10.0.0.3",
            "service n1 web 80 weights=9,1", "service n2 web 80", "service n3 web 80 weights=1,0",
            "check n3 warning web",
        ] { _ = try runner.run(command) }
        var rules = DNSRules()
        rules.answerOrder = .weighted
        let server = try await Self.start(runner.catalog, rules: rules)
        let client = try UDPClient(port: server.port)
        var firsts: [RecordData: Int] = [:]
        for _ in 0..<400 {
            let answers = try client.ask("web.service.consul").answers
            firsts[answers[0].data, default: 0] += 1
            // The instance with weight 0 is last.
            #expect(answers.count == 3 && answers[2].data == .a(0x0A00_0003))
        }
        let heavy = firsts[.a(0x0A00_0001)] ?? 0
        #expect(heavy > 330 && heavy < 390, "\(firsts)")
        client.close()
        await server.stop()
    }
}

/// Tests invalid definitions of records, and their errors.
@Suite struct StaticRecordsTests {
    @Test(arguments: [
        ("printer", "A", "10.0.0.9", ""),
        ("@", "TXT", "v=1", ""),
        ("printer.consul.", "aaaa", "fd00::1", ""),
        ("", "A", "10.0.0.9", "name: a record needs a name"),
        ("a..b", "A", "10.0.0.9", "name: \"a..b\" is no domain name"),
        (
            "www.example.com.", "A", "10.0.0.9",
            "name: www.example.com. is not under consul.: this agent answers for no other domain"
        ),
        (
            "x.Service", "A", "10.0.0.9",
            "name: names with the label \"service\" are the catalog's: register it there"
        ),
        ("p", "MX", "10 x", "type: \"MX\" is none of A, AAAA, CNAME, TXT, SRV"),
        ("p", "A", "", "value: a record needs a value"),
        ("p", "A", "fd00::1", "value: \"fd00::1\" is not an IPv4 address"),
        ("p", "AAAA", "10.0.0.1", "value: \"10.0.0.1\" is not an IPv6 address"),
        (
            "p", "SRV", "10 5 printer",
            "value: \"10 5 printer\" is not priority, weight, port and target, such as 10 5 631 "
                + "printer"
        ),
    ])
    func recordDefinitionsAreChecked(name: String, type: String, value: String, problem: String) {
        var record = DNSRecordDefinition()
        (record.name, record.type, record.value) = (name, type, value)
        let found = StaticRecords.problems(in: record, domain: "consul.")
        #expect(found.map { "\($0.path): \($0.message)" } == (problem.isEmpty ? [] : [problem]))
    }

    @Test func aliasHasOneValue() throws {
        var record = DNSRecordDefinition()
        (record.name, record.type, record.value) = ("alias", "CNAME", "a")
        record.values = ["b"]
        let found = StaticRecords.problems(in: record, domain: "consul.")
        #expect(found.map { $0.path } == ["values[0]"])
        record.values = []
        record.ttl = .seconds(-1)
        #expect(StaticRecords.problems(in: record, domain: "consul.").map { $0.path } == ["ttl"])
    }
}
