import ConsulModel
import DNSWire
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Telemetry
import Testing

@testable import ConsulDNS

/// Tests answers that are repeated while the catalog is unchanged: they must equal fresh ones.
@Suite(.timeLimit(.minutes(2))) struct CacheTests {
    /// The catalog's version that the server reads.
    final class Version: Sendable {
        private let value = Mutex<UInt64?>(1)
        func set(_ new: UInt64?) { value.withLock { $0 = new } }
        var current: UInt64? { value.withLock { $0 } }
    }

    private func start(
        _ catalog: ScriptedCatalog, _ version: Version, _ rules: DNSRules = DNSRules()
    ) async throws -> DNSServer {
        try await ServerTests.start(catalog, rules: rules) {
            $0.catalogVersion = { _ in version.current }
        }
    }

    private func reads(_ catalog: ScriptedCatalog) -> Int {
        catalog.contents.withLock { $0.queries.count }
    }

    @Test func repeatedQuestionReadsOnce() async throws {
        let catalog = try ServerTests.catalog()
        let version = Version()
        let server = try await start(catalog, version)
        let client = try UDPClient(port: server.port)
        var orders: Set<[String]> = []
        for id in 1...50 as ClosedRange<UInt16> {
            try client.send(UDPClient.question("web.service.consul", .srv, id: id))
            let answer = try client.receive()
            #expect(answer.id == id && answer.answers.count == 3 && answer.additionals.count == 3)
            orders.insert(answer.answers.map { Printout.text($0) })
        }
        // Each answer has a fresh order: 50 draws of six orders.
        #expect(orders.count > 3)
        #expect(reads(catalog) == 1)
        // Another spelling, another type and another transport are other questions.
        #expect(
            try client.ask("WEB.service.consul").questions[0].name.description
                == "WEB.service.consul.")
        #expect(try client.ask("web.service.consul", .a).answers.count == 3)
        #expect(reads(catalog) == 3)
        client.close()
        await server.stop()
    }

    @Test func cacheServesTCP() async throws {
        let catalog = try ServerTests.catalog()
        let server = try await start(catalog, Version())
        let client = try TCPClient(port: server.port)
        for id in 1...20 as ClosedRange<UInt16> {
            try client.send(TCPClient.framed(UDPClient.question("n1.node.consul", .a, id: id)))
            let answer = try client.receive()
            #expect(answer.id == id && answer.answers.map { $0.data } == [.a(0x0A00_0002)])
        }
        #expect(reads(catalog) == 1)
        client.close()
        await server.stop()
    }

    @Test func changeIsVisibleAtOnce() async throws {
        let catalog = try ServerTests.catalog()
        let version = Version()
        let server = try await start(catalog, version)
        let client = try UDPClient(port: server.port)
        for round in 2...30 as ClosedRange<UInt64> {
            #expect(try client.ask("web.service.consul").answers.count == 3)
            catalog.contents.withLock {
                $0.nodes[0].address = "10.9.0.\(round)"
            }
            version.set(round)
            let found = try client.ask("web.service.consul").answers.map { $0.data }
            #expect(found.contains(.a(0x0A09_0000 + UInt32(round))))
        }
        // Without a version, every question is a read.
        version.set(nil)
        let before = reads(catalog)
        for _ in 0..<5 { _ = try client.ask("web.service.consul") }
        #expect(reads(catalog) == before + 5)
        client.close()
        await server.stop()
    }

    /// Cached answers are measured like fresh ones.
    @Test func cachedAnswersAreCounted() async throws {
        let registry = MetricRegistry()
        let server = try await ServerTests.start(try ServerTests.catalog()) {
            $0.catalogVersion = { _ in 1 }
            $0.metrics = DNSMetrics(in: registry, node: "n")
        }
        let client = try UDPClient(port: server.port)
        let stream = try TCPClient(port: server.port)
        for id in 1...10 as ClosedRange<UInt16> {
            _ = try client.ask("web.service.consul")
            try stream.send(TCPClient.framed(UDPClient.question("n1.node.consul", .a, id: id)))
            _ = try stream.receive()
        }
        client.close()
        stream.close()
        await server.stop()
        var count = 0
        for reading in registry.drain() {
            guard case .timing(let timing) = reading.value else { continue }
            count += timing.buckets.reduce(0) { $0 + $1.count }
        }
        #expect(count == 20)
    }

    @Test func newRulesInvalidateAnswers() async throws {
        let server = try await start(try ServerTests.catalog(), Version())
        let client = try UDPClient(port: server.port)
        #expect(try client.ask("web.service.consul").answers.map { $0.ttl } == [0, 0, 0])
        var rules = DNSRules()
        rules.serviceTTL = ["web": .seconds(3)]
        try server.update(rules)
        #expect(try client.ask("web.service.consul").answers.map { $0.ttl } == [3, 3, 3])
        client.close()
        await server.stop()
    }

    @Test func answersByChanceAreNotCached() async throws {
        let catalog = try ServerTests.catalog()
        var rules = DNSRules()
        rules.aRecordLimit = 1
        let server = try await start(catalog, Version(), rules)
        let client = try UDPClient(port: server.port)
        var received: Set<RecordData> = []
        for _ in 0..<40 {
            received.formUnion(try client.ask("web.service.consul").answers.map { $0.data })
        }
        #expect(received.count == 3)
        client.close()
        await server.stop()
    }

    /// An answer without records has the second as its serial number, and is valid as long.
    @Test func negativeAnswerIsCachedForASecond() async throws {
        let catalog = try ServerTests.catalog()
        let clock = Version()
        let server = try await ServerTests.start(catalog) {
            $0.catalogVersion = { _ in 1 }
            $0.unixSeconds = { Int(clock.current ?? 0) }
        }
        let client = try UDPClient(port: server.port)
        for (name, type) in [("nope.service.consul", RecordType.a), ("web.service.consul", .aaaa)] {
            for second in 1...5 as ClosedRange<UInt64> {
                clock.set(second)
                let before = reads(catalog)
                for _ in 0..<4 {
                    let answer = try client.ask(name, type)
                    guard case .soa(let soa)? = answer.authorities.first?.data else {
                        Issue.record("\(answer)")
                        continue
                    }
                    #expect(soa.serial == UInt32(second))
                }
                #expect(reads(catalog) == before + 1)
            }
        }
        client.close()
        await server.stop()
    }

    /// A change elsewhere in the catalog causes no new lookup.
    @Test func answerIsValidWhileItsPartIsUnchanged() async throws {
        let catalog = try ServerTests.catalog()
        let whole = Version()
        let web = Version()
        let server = try await ServerTests.start(catalog) {
            $0.catalogVersion = { part in
                switch part {
                case .service("web"): web.current
                case .node("n1"): 7
                default: whole.current
                }
            }
        }
        let client = try UDPClient(port: server.port)
        for round in 1...10 as ClosedRange<UInt64> {
            whole.set(round)
            #expect(try client.ask("web.service.consul").answers.count == 3)
            #expect(try client.ask("n1.node.consul").answers.count == 1)
        }
        #expect(reads(catalog) == 2)
        catalog.contents.withLock { $0.nodes[2].address = "10.9.9.9" }
        web.set(2)
        whole.set(11)
        let found = try client.ask("web.service.consul").answers.map { $0.data }
        #expect(found.contains(.a(0x0A09_0909)) && reads(catalog) == 3)
        // A missing name may appear with any change.
        for round in 12...15 as ClosedRange<UInt64> {
            whole.set(round)
            _ = try client.ask("nope.service.consul")
        }
        #expect(reads(catalog) == 7)
        client.close()
        await server.stop()
    }

    static func host(_ address: String, port: Int = 5_300) throws -> SocketAddress {
        try SocketAddress(ipAddress: address, port: port)
    }

    /// By round-trip time each host has an answer of its own, while the coordinates are unchanged.
    @Test func nearAnswerIsCachedForOneHost() throws {
        let version = Version()
        let cache = AnswerCache(seed: 5, versions: { _ in version.current }, unixSeconds: { 0 })
        var rules = DNSRules()
        rules.answerOrder = .near
        let zone = try Zone(rules)
        _ = cache.find(ByteBuffer(), isTCP: false, version: 1, zone: zone)
        let octets = UDPClient.question("web.service.consul", .a, id: 1)
        let hosts = try ["10.0.0.1", "10.0.0.2"].map { try Self.host($0) }
        let message = try DNSMessage(octets)
        let query = DNSQuery(octets, message, isTCP: false, from: hosts[0], zone: zone)
        var reply = query.reply()
        reply.keeping = .asItIs
        reply.part = .serviceByRoundTrip("web")
        cache.keep(reply, to: query, version: 1)
        let again = try Self.host("10.0.0.1", port: 77)
        func isKept(for host: SocketAddress, _ version: UInt64) -> Bool {
            cache.find(
                ByteBuffer(bytes: octets), isTCP: false, from: host, version: version, zone: zone)
                != nil
        }
        #expect(isKept(for: again, 1))
        #expect(!isKept(for: hosts[1], 1))
        version.set(2)
        #expect(!isKept(for: again, 2))
    }

    /// Questions beyond the cache's size evict one another, and are answered all the same.
    @Test func floodOfOtherQuestionsIsAnswered() throws {
        let cache = AnswerCache(seed: 5, versions: { _ in 1 }, unixSeconds: { 0 })
        let zone = try Zone(DNSRules())
        _ = cache.find(ByteBuffer(), isTCP: false, version: 1, zone: zone)
        var writer = MessageWriter()
        var found = 0
        for number in 0..<20_000 {
            let octets = UDPClient.question("n\(number).node.consul", .a, id: 1)
            let query = DNSQuery(
                octets, try DNSMessage(octets), isTCP: false, from: nil, zone: zone)
            var reply = query.reply()
            reply.keeping = .asItIs
            reply.message.answers = [
                ResourceRecord(query.question.name, ttl: 0, .a(UInt32(number)))
            ]
            cache.keep(reply, to: query, version: 1)
            let back = cache.find(
                ByteBuffer(bytes: octets), isTCP: false, version: 1, zone: zone)
            let entry = try #require(back)
            let answer = try DNSMessage(cache.octets(entry, with: &writer))
            #expect(answer.answers.map { $0.data } == [.a(UInt32(number))])
        }
        for number in 0..<20_000 {
            let octets = UDPClient.question("n\(number).node.consul", .a, id: 9)
            let buffer = ByteBuffer(bytes: octets)
            if cache.find(buffer, isTCP: false, version: 1, zone: zone) != nil { found += 1 }
        }
        #expect(found > 3000 && found <= Limits.keptAnswersMax)
    }
}
