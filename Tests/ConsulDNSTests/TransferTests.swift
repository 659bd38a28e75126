import ConsulModel
import DNSWire
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import TestKit
import Testing

@testable import ConsulDNS

/// Tests whole zones for secondaries, and the notices that cause their transfers.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TransferTests {
    private static func rules(_ network: String = "127.0.0.0/8") -> DNSRules {
        var rules = DNSRules()
        rules.transferAllow = [network]
        return rules
    }

    private func transfer(_ server: DNSServer, _ name: String = "consul") throws -> [DNSMessage] {
        let client = try TCPClient(port: server.port)
        defer { client.close() }
        try client.send(TCPClient.framed(UDPClient.question(name, .axfr, id: 5)))
        var messages: [DNSMessage] = []
        var ends = 0
        while ends < 2 {
            let message = try client.receive()
            messages.append(message)
            if message.code != .success { break }
            ends += message.answers.count { $0.type == .soa }
        }
        // The connection stays open.
        try client.send(TCPClient.framed(UDPClient.question("consul", .soa, id: 6)))
        #expect(try client.receive().answers.count == 1)
        return messages
    }

    @Test func aSmallZone() async throws {
        let runner = ScriptRunner()
        for command in [
            "node n1 10.0.0.1 rack=r1", "node n2 10.0.0.2", "node far far.example.com",
            "service n1 web 80 tags=v1,V.2", "service n2 web 81 address=10.1.0.2",
            "service n2 gone 1", "check n2 critical gone",
            "service n2 ext 9 address=db.example.com",
            "service n1 side 2000 kind=connect-proxy for=web",
        ] { _ = try runner.run(command) }
        var rules = Self.rules()
        var record = DNSRecordDefinition()
        (record.name, record.type, record.value) = ("printer", "A", "10.0.0.9")
        rules.records = [record]
        let server = try await ServerTests.start(runner.catalog, rules: rules)
        let records = try transfer(server).flatMap { $0.answers }
        let lines = records.map { Printout.text($0) }
        #expect(lines.first == lines.last && records.first?.type == .soa)
        for line in [
            "printer.consul. 0 A 10.0.0.9", "n1.node.consul. 0 A 10.0.0.1",
            "n1.node.dc1.consul. 0 TXT \"rack=r1\"", "far.node.consul. 0 CNAME far.example.com.",
            "web.service.consul. 0 A 10.0.0.1", "web.service.dc1.consul. 0 A 10.1.0.2",
            "web.service.consul. 0 SRV 1 1 81 0a010002.addr.dc1.consul.",
            "0a010002.addr.dc1.consul. 0 A 10.1.0.2", "v1.web.service.consul. 0 A 10.0.0.1",
            "v.2.web.service.dc1.consul. 0 A 10.0.0.1",
            "_web._v1.service.consul. 0 SRV 1 1 80 n1.node.dc1.consul.",
            "_web._tcp.consul. 0 SRV 1 1 80 n1.node.dc1.consul.",
            "ext.service.consul. 0 CNAME db.example.com.",
            "_ext._tcp.service.consul. 0 SRV 1 1 9 db.example.com.",
            "web.connect.consul. 0 SRV 1 1 2000 n1.node.dc1.consul.",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(
            !lines.contains {
                $0.hasPrefix("gone.") || $0.hasPrefix("v1.web.service.consul. 0 A 10.1")
            })
        // An alias has no other records.
        for alias in records where alias.type == .cname {
            #expect(records.count { $0.name == alias.name } == 1, "\(alias.name)")
        }
        #expect(Set(lines.dropLast()).count == lines.count - 1)
        await server.stop()
    }

    @Test func aLargeZoneInManyMessages() async throws {
        let server = try await ServerTests.start(
            try ServerTests.catalog(1000), rules: Self.rules())
        let messages = try transfer(server)
        #expect(messages.count > 5)
        let records = messages.flatMap { $0.answers }
        #expect(
            records.count { $0.name.description == "web.service.consul." && $0.type == .a } == 1000)
        #expect(records.count { $0.name.description == "n999.node.consul." } == 1)
        for message in messages {
            #expect(!message.answers.isEmpty && message.id == 5)
            #expect(message.flags.contains(.authoritative))
        }
        await server.stop()
    }

    /// Thousands of names that DNS cannot represent are left out, and all others are present.
    @Test func zoneSkipsInvalidNames() async throws {
        let catalog = try ServerTests.catalog()
        let long = String(repeating: "x", count: 70)
        catalog.contents.withLock { contents in
            for number in 0..<5000 {
                var node = Node()
                node.node = "\(long)\(number)"
                node.address = "10.9.0.1"
                contents.nodes.insert(node, at: 0)
            }
        }
        let server = try await ServerTests.start(catalog, rules: Self.rules())
        let records = try transfer(server).flatMap { $0.answers }
        #expect(records.count { $0.name.description == "n2.node.consul." } == 1)
        #expect(records.last?.type == .soa && records.count < 50)
        await server.stop()
    }

    @Test func othersAreRefused() async throws {
        let server = try await ServerTests.start(
            try ServerTests.catalog(), rules: Self.rules("10.0.0.0/8"))
        #expect(try transfer(server).map { $0.code } == [.refused])
        try server.update(DNSRules())
        #expect(try transfer(server).map { $0.code } == [.notImplemented])
        try server.update(Self.rules())
        #expect(try transfer(server, "web.service.consul").map { $0.code } == [.notAuthoritative])
        let client = try UDPClient(port: server.port)
        #expect(try client.ask("consul", .axfr).code == .notImplemented)
        // Over UDP: the serial number alone, and the secondary then uses TCP.
        #expect(try client.ask("consul", .ixfr).answers.map { $0.type } == [.soa])
        client.close()
        await server.stop()
    }

    @Test func aSecondaryThatIsUpToDate() async throws {
        let server = try await ServerTests.start(try ServerTests.catalog(), rules: Self.rules())
        let client = try TCPClient(port: server.port)
        for (serial, isNewest) in [(1_700_000_000, true), (1_699_999_999, false)] {
            var message = DNSMessage(id: 4)
            message.questions = [DNSMessage.Question(DNSName("consul") ?? .root, .ixfr)]
            let soa = SOAData(
                server: .root, mailbox: .root, serial: UInt32(serial), refresh: 0, retry: 0,
                expire: 0, minimumTTL: 0)
            message.authorities = [ResourceRecord(DNSName("consul") ?? .root, ttl: 0, .soa(soa))]
            var writer = MessageWriter()
            writer.write(message)
            try client.send(TCPClient.framed(writer.bytes))
            #expect((try client.receive().answers.count == 1) == isNewest)
        }
        client.close()
        await server.stop()
    }

    @Test func secondariesAreNotified() async throws {
        let secondary = ScriptedRecursor(.answers)
        let deaf = ScriptedRecursor(.drops)
        let channels = [try await secondary.start(), try await deaf.start()]
        let catalog = try ServerTests.catalog()
        var rules = Self.rules()
        rules.transferNotify = channels.map { "127.0.0.1:\($0.localAddress?.port ?? 0)" }
        let server = try await ServerTests.start(catalog, rules: rules) {
            $0.limits.notifyInterval = .milliseconds(20)
        }
        // Notifies at the start, and after each change. A secondary that does not answer delays no
        // other.
        for round in 1...3 as ClosedRange<UInt64> {
            try await eventually("round \(round) is notified") {
                secondary.asked.withLock { $0.count } >= Int(round)
            }
            catalog.contents.withLock { $0.index += 1 }
        }
        let notice = try #require(secondary.asked.withLock { $0.first })
        #expect(notice.opcode == .notify && notice.flags.contains(.authoritative))
        #expect(notice.questions.map { $0.name.description } == ["consul."])
        #expect(notice.answers.map { $0.type } == [.soa])
        rules.transferNotify = []
        try server.update(rules)
        await server.stop()
        for channel in channels { try await channel.close() }
    }
}
