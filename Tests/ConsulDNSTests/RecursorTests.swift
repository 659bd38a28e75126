import DNSWire
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import ConsulDNS

/// Another DNS server whose behaviour the test chooses.
final class ScriptedRecursor: ChannelInboundHandler, Sendable {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    enum Manner: Sendable {
        case answers
        /// Never answers.
        case drops
        /// Sends another ID, another question and noise; the right answer never arrives.
        case forges
        /// Sends such forgeries first, then the right answer.
        case forgesFirst
        case fails(ResponseCode)
        /// Sends more octets than a client without EDNS accepts.
        case answersAtLength
        /// `a.x` is an alias of `b.x`, which has two addresses.
        case aliases
    }

    let manner: Manner
    /// The received questions, in order.
    let asked = Mutex<[DNSMessage]>([])
    init(_ manner: Manner) { self.manner = manner }

    static func start(_ manner: Manner) async throws -> any Channel {
        try await ScriptedRecursor(manner).start()
    }

    func start() async throws -> any Channel {
        try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { $0.pipeline.addHandler(self) }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let question = try? DNSMessage(Array(envelope.data.readableBytesView)) else { return }
        asked.withLock { $0.append(question) }
        for octets in answers(question) {
            let buffer = context.channel.allocator.buffer(bytes: octets)
            context.write(
                wrapOutboundOut(
                    AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: buffer)),
                promise: nil)
        }
        context.flush()
    }

    private func answers(_ question: DNSMessage) -> [[UInt8]] {
        var truth = question
        truth.flags.formUnion([.response, .recursionAvailable])
        truth.edns = nil
        let name = question.questions[0].name
        truth.answers = [ResourceRecord(name, ttl: 60, .a(0x0909_0909))]
        var writer = MessageWriter()
        func octets(_ message: DNSMessage) -> [UInt8] {
            writer.write(message)
            return writer.bytes
        }
        var otherNumber = truth
        otherNumber.id ^= 1
        var otherQuestion = truth
        otherQuestion.questions[0].name = DNSName("other.example") ?? .root
        let forgeries = [octets(otherNumber), octets(otherQuestion), [1, 2, 3], octets(question)]
        switch manner {
        case .answers: return [octets(truth)]
        case .answersAtLength:
            truth.answers = (0..<60).map { ResourceRecord(name, ttl: 60, .a($0)) }
            return [octets(truth)]
        case .drops: return []
        case .forges: return forgeries
        case .forgesFirst: return forgeries + [octets(truth)]
        case .fails(let code):
            truth.code = code
            truth.answers = []
            return [octets(truth)]
        case .aliases:
            let other = DNSName("b.x") ?? .root
            truth.answers = [
                ResourceRecord(name, ttl: 60, .cname(other)),
                ResourceRecord(other, ttl: 60, .a(1)), ResourceRecord(other, ttl: 60, .a(2)),
            ]
            return [octets(truth)]
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct RecursorTests {
    /// Sends a question for a name outside the domain, with recursors of these manners.
    private func ask(
        _ manners: [ScriptedRecursor.Manner], _ name: String = "www.example.com",
        timeout: GoDuration = .seconds(1), _ commands: [String] = []
    ) async throws -> DNSMessage {
        var channels: [any Channel] = []
        for manner in manners { channels.append(try await ScriptedRecursor.start(manner)) }
        let runner = ScriptRunner()
        for command in commands { _ = try runner.run(command) }
        let server = try await ServerTests.start(
            runner.catalog, recursors: channels.compactMap { $0.localAddress?.port },
            timeout: timeout)
        let client = try UDPClient(port: server.port)
        let answer = try client.ask(name)
        client.close()
        await server.stop()
        for channel in channels { try await channel.close() }
        #expect(answer.id == 0x4242)
        return answer
    }

    @Test func answerIsForwarded() async throws {
        let answer = try await ask([.answers], timeout: .seconds(30))
        #expect(answer.code == .success && answer.answers.map { $0.ttl } == [60])
        #expect(!answer.flags.contains(.authoritative))
    }

    /// A client without EDNS accepts 512 octets, for any answer of the recursor.
    @Test func longAnswerIsTruncated() async throws {
        let answer = try await ask([.answersAtLength], timeout: .seconds(30))
        #expect(answer.code == .success && answer.answers.isEmpty)
        #expect(answer.flags.contains(.truncated) && answer.flags.contains(.recursionAvailable))
    }

    @Test func silentRecursorLeadsToTheNext() async throws {
        #expect(try await ask([.drops, .answers, .answers, .answers]).answers.count == 1)
    }

    @Test func forgedAnswersAreIgnored() async throws {
        #expect(try await ask([.forges, .answers, .answers, .answers]).answers.count == 1)
        #expect(try await ask([.forgesFirst], timeout: .seconds(30)).answers.count == 1)
    }

    @Test func failuresLeadToTheNext() async throws {
        let codes: [ResponseCode] = [.serverFailure, .refused]
        for code in codes {
            let answer = try await ask([.fails(code), .answers], timeout: .seconds(30))
            #expect(answer.answers.count == 1)
        }
    }

    @Test func firstRecursorIsFirstUnlessTheOrderIsRandom() async throws {
        for strategy in [DNSRules.RecursorStrategy.sequential, .random] {
            let recursors = (0..<3).map { _ in ScriptedRecursor(.answers) }
            var channels: [any Channel] = []
            for recursor in recursors { channels.append(try await recursor.start()) }
            var rules = DNSRules()
            rules.recursorStrategy = strategy
            let server = try await ServerTests.start(
                ScriptRunner().catalog, recursors: channels.compactMap { $0.localAddress?.port },
                timeout: .seconds(30), rules: rules)
            let client = try UDPClient(port: server.port)
            for _ in 0..<30 { #expect(try client.ask("www.example.com").answers.count == 1) }
            let counts = recursors.map { $0.asked.withLock { $0.count } }
            if strategy == .sequential {
                #expect(counts == [30, 0, 0])
            } else {
                #expect(counts.reduce(0, +) == 30 && counts.allSatisfy { $0 > 2 }, "\(counts)")
            }
            client.close()
            await server.stop()
            for channel in channels { try await channel.close() }
        }
    }

    @Test func noSuchNameIsAnAnswer() async throws {
        let answer = try await ask([.fails(.nameError), .answers], timeout: .seconds(30))
        #expect(answer.code == .nameError && answer.answers.isEmpty)
    }

    @Test func failureOfAllRecursorsIsAFailure() async throws {
        let answer = try await ask([.drops, .forges, .fails(.serverFailure)])
        #expect(answer.code == .serverFailure)
        #expect(answer.flags.contains([.recursionAvailable, .recursionDesired]))
        #expect(!answer.flags.contains(.authoritative))
    }

    @Test func aliasesOutsideAreFollowed() async throws {
        let answer = try await ask(
            [.aliases], "ext.service.consul", timeout: .seconds(30),
            ["node n 10.0.0.1", "service n ext 80 address=a.x"])
        #expect(
            answer.answers.map { Printout.text($0) } == [
                "ext.service.consul. 0 CNAME a.x.", "a.x. 0 CNAME b.x.", "b.x. 0 A 0.0.0.1",
            ])
    }

    @Test func foreignReverseNamesGoToRecursors() async throws {
        let answer = try await ask([.answers], "1.2.3.4.in-addr.arpa", timeout: .seconds(30))
        #expect(answer.answers.count == 1)
    }

    @Test func addressesOfRecursors() {
        #expect(Recursor("8.8.8.8")?.description == "8.8.8.8:53")
        #expect(Recursor("8.8.8.8:5353")?.description == "8.8.8.8:5353")
        #expect(Recursor("2001:db8::1")?.description == "[2001:db8::1]:53")
        #expect(Recursor("[2001:db8::1]:54")?.description == "[2001:db8::1]:54")
        for wrong in ["", "dns.example", "8.8.8.8:0", "8.8.8.8:x", "[::1]54", "1.2.3.4:99999"] {
            #expect(Recursor(wrong) == nil, "\(wrong)")
        }
    }
}
