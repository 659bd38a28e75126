import Primitives
import Testing
import Wire

@testable import Memberlist

/// One node against packets that no honest member sends, and the rules that no script shows.
@Suite struct MemberlistCoreTests {
    struct Node {
        var core: MemberlistCore
        var recorder = Recorder()
        var now = Instant.zero
        var wake = Instant.distantFuture
        static let peer = TransportAddress("10.0.0.2:7946")!
        static let stranger = TransportAddress("192.0.2.1:9")!

        init(_ options: MemberlistOptions = .lan, seed: UInt64 = 1) {
            core = MemberlistCore(
                name: "me", address: TransportAddress("10.0.0.1:7946")!, meta: [1],
                options: options, random: SeededRandom(seed: seed))
            core.start(now: now, delegate: &recorder)
        }

        mutating func give(_ packet: [UInt8], from source: TransportAddress = stranger) {
            core.step(.packet(packet, from: source), now: now, delegate: &recorder)
        }

        mutating func alive(
            _ name: String, _ incarnation: Int = 1, address: TransportAddress = peer,
            _ change: (inout Alive) -> Void = { _ in }
        ) {
            var alive = Alive(PoolMember(name: name, address: address))
            alive.incarnation = incarnation
            change(&alive)
            give(MessageType.alive.encode(alive))
        }

        mutating func claim(_ type: MessageType, _ name: String, _ incarnation: Int, _ from: String)
        {
            guard let claim = PoolClaim(name: name, incarnation: incarnation, from: from) else {
                return
            }
            give(type == .dead ? type.encode(claim.dead) : type.encode(claim.suspect))
        }

        /// Steps with every wake until the end of a span.
        mutating func run(_ span: GoDuration) -> [MemberlistDirective] {
            let end = now + span
            var all = step(.tick)
            var steps = 0
            while wake <= end, steps < 100_000 {
                steps += 1
                now = max(now, wake)
                all += step(.tick)
            }
            now = end
            return all
        }

        mutating func step(_ input: MemberlistInput) -> [MemberlistDirective] {
            core.step(input, now: now, delegate: &recorder)
            return take()
        }

        /// Takes the directives, and the next wake among them.
        mutating func take() -> [MemberlistDirective] {
            let directives = core.takeDirectives()
            for case .wake(let at) in directives { wake = at }
            return directives
        }

        mutating func pushPull() -> OutgoingStream {
            core.pushPull(with: Self.peer, isJoin: true, now: now, delegate: &recorder)
        }
    }

    private struct Packet {
        var bytes: [UInt8]
        var to: TransportAddress
        var checksummed: Bool
    }

    private func packets(_ directives: [MemberlistDirective]) -> [Packet] {
        directives.compactMap { directive in
            guard case .sendPacket(let bytes, let to, let checksummed) = directive else {
                return nil
            }
            return Packet(bytes: bytes, to: to, checksummed: checksummed)
        }
    }

    private func notes(_ directives: [MemberlistDirective]) -> [String] {
        directives.compactMap { directive in
            if case .note(let note) = directive { note.text } else { nil }
        }
    }

    private func ping(_ node: String, source: PingSource = PingSource()) -> [UInt8] {
        var ping = Ping()
        (ping.sequence, ping.node, ping.source) = (7, node, source)
        return MessageType.ping.encode(ping)
    }

    // MARK: Pings

    @Test func answersPingsAtTheAddressThatTheyName() throws {
        var node = Node()
        _ = node.take()
        node.recorder.payload = [1, 2, 3]
        node.give(ping("me"))
        node.give(ping(""))
        node.give(ping("me", source: PingSource(Node.peer, node: "n2")))
        let sent = packets(node.take())
        #expect(sent.map(\.to) == [Node.stranger, Node.stranger, Node.peer])
        let ack = try #require(sent.last).bytes
        let parts = try ScriptPrinter.parts(ack)
        #expect(parts.first?.kind == "ack")
    }

    @Test func ignoresPingsForOthers() {
        var node = Node()
        _ = node.take()
        node.give(ping("you"))
        node.give(ping(String(repeating: "x", count: 5000)))
        let directives = node.take()
        #expect(packets(directives).isEmpty)
        #expect(
            notes(directives).first
                == "memberlist: Got ping for unexpected node 'you' from=192.0.2.1:9")
        #expect(notes(directives).allSatisfy { $0.count < 200 })
    }

    @Test func acksAndNacksWithoutPingChangeNothing() {
        var node = Node()
        for number in [0, 1, 0xFFFF_FFFF, 1 << 32, -1] {
            var ack = Ack()
            ack.sequence = number
            node.give(MessageType.ack.encode(ack))
            var nack = Nack()
            nack.sequence = number
            node.give(MessageType.nack.encode(nack))
        }
        #expect(node.core.healthScore == 0)
        #expect(packets(node.take()).isEmpty)
    }

    @Test func relaysABoundedNumberOfPings() {
        var node = Node()
        var request = IndirectPing()
        request.target = Bytes([10, 0, 0, 9])
        request.port = 7946
        request.node = "n9"
        for number in 0..<Limits.relayedPingsMax + 10 {
            request.sequence = number
            request.wantsNack = number % 2 == 0
            node.give(MessageType.indirectPing.encode(request))
        }
        #expect(node.core.relays.count == Limits.relayedPingsMax)
        let directives = node.run(.milliseconds(600))
        #expect(node.core.relays.isEmpty)
        let nacks = packets(directives).filter { $0.bytes.first == MessageType.nack.rawValue }
        #expect(nacks.count == Limits.relayedPingsMax / 2)
        request.target = Bytes([1, 2])
        node.give(MessageType.indirectPing.encode(request))
        #expect(node.core.relays.isEmpty)
    }

    // MARK: Claims

    @Test func rejectsImpossibleMembers() {
        var node = Node()
        _ = node.take()
        node.alive("")
        node.alive(String(repeating: "n", count: 256))
        node.alive("a") { $0.address = Bytes([1, 2, 3, 4, 5]) }
        node.alive("b") { $0.meta = Bytes([UInt8](repeating: 0, count: 513)) }
        node.alive("c") { $0.versions = Bytes() }
        node.alive("d") { $0.versions = Bytes([0, 5, 2, 2, 5, 4]) }
        node.alive("e") { $0.versions = Bytes([3, 2, 2, 2, 5, 4]) }
        node.alive("f", 1 << 32)
        node.alive("g", 0)
        #expect(node.core.memberCount == 1)
        let found = notes(node.take())
        #expect(found.count == 8)
        #expect(
            found.contains("memberlist: ignoring alive message for 'c' because Vsn is not present"))
        #expect(found.allSatisfy { $0.count < 300 })
    }

    /// The last incarnation stays: the node cannot refute it any more.
    @Test func incarnationsSaturate() {
        var node = Node()
        node.claim(.suspect, "me", 0xFFFF_FFFF, "x")
        #expect(node.core.localMember.incarnation == .max)
        node.claim(.suspect, "me", 0xFFFF_FFFF, "x")
        #expect(node.core.localMember.incarnation == .max)
        node.core.updateMeta([2], now: node.now, delegate: &node.recorder)
        #expect(node.core.localMember.incarnation == .max)
        #expect(node.core.localMember.state == .alive)
    }

    @Test func membersAreBounded() {
        var node = Node()
        var alive = Alive(PoolMember(name: "x", address: Node.peer))
        alive.incarnation = 1
        for index in 1..<Limits.membersMax {
            alive.node = "n\(index)"
            node.core.receiveAlive(alive, &node.recorder)
        }
        #expect(node.core.memberCount == Limits.membersMax)
        alive.node = "surplus"
        node.core.receiveAlive(alive, &node.recorder)
        #expect(node.core.memberCount == Limits.membersMax)
        #expect(node.core.queuedCount <= Limits.queuedMax)
    }

    @Test func timersOfOldSuspicionsAreRemoved() {
        var node = Node()
        for incarnation in 1..<2000 {
            node.alive("n2", incarnation)
            node.claim(.suspect, "n2", incarnation, "n3")
            node.now = node.now + .milliseconds(1)
        }
        #expect(node.core.suspicions.count == 1)
        #expect(node.core.deadlines.count < 100)
    }

    @Test func aSuspicionEndsWithTheMember() {
        var node = Node()
        node.alive("n2")
        node.claim(.suspect, "n2", 1, "n3")
        node.claim(.dead, "n2", 1, "n2")
        #expect(node.core.member(named: "n2")?.state == .left)
        node.core.forget("n2")
        #expect(node.core.member(named: "n2") == nil)
        // The slot of the forgotten member has a new one, which no old timer may kill.
        node.alive("n4")
        _ = node.run(.seconds(3))
        #expect(node.core.member(named: "n4")?.state != .dead)
    }

    @Test func forgetsNeitherLiveMembersNorItself() {
        var node = Node()
        node.alive("n2")
        node.core.forget("n2")
        node.core.forget("me")
        node.core.forget("stranger")
        #expect(node.core.memberCount == 2)
        node.core.leave(timeout: .seconds(1), now: node.now, delegate: &node.recorder)
        node.core.forget("me")
        #expect(node.core.localMember.state == .left)
    }

    @Test func deadAndLeftMembersAreForgottenAfterAWhile() {
        var options = MemberlistOptions.lan
        options.gossipToTheDeadTime = .seconds(5)
        var node = Node(options)
        node.alive("n2")
        node.alive("n3", address: Node.stranger)
        node.claim(.dead, "n2", 1, "n9")
        node.claim(.dead, "n3", 1, "n3")
        _ = node.run(.seconds(4))
        #expect(node.core.memberCount == 3)
        _ = node.run(.seconds(4))
        #expect(node.core.memberCount == 1)
    }

    // MARK: Packets

    @Test func checksumsAreChecked() {
        var node = Node()
        _ = node.take()
        let message = ping("me")
        let sum = BigEndian.bytes(CRC32.checksum(message[...]))
        node.give([12] + sum + message)
        #expect(packets(node.take()).count == 1)
        node.give([12] + sum + message.dropLast() + [9])
        let directives = node.take()
        #expect(packets(directives).isEmpty)
        #expect(
            notes(directives).first?.hasPrefix(
                "memberlist: Got invalid checksum for UDP packet: ") == true)
    }

    @Test func nestedPacketsAreUnpacked() throws {
        var node = Node()
        _ = node.take()
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 200)
        let packet = Compound.packet([ping("me"), [8] + text])
        let wrapped = try #require(Compressed.wrap(packet, ifShorter: true))
        node.give(wrapped)
        #expect(packets(node.take()).count == 1)
        #expect(node.recorder.messages == [text])
    }

    @Test func nestingIsBounded() throws {
        var node = Node()
        var packet: [UInt8] = [8, 65]
        for _ in 0..<Limits.nestingMax { packet = [7, 1, 0, UInt8(packet.count)] + packet }
        node.give(packet)
        #expect(node.recorder.messages.count == 1)
        node.give([7, 1, 0, UInt8(packet.count)] + packet)
        #expect(node.recorder.messages.count == 1)
    }

    @Test func inflationOfAPacketIsBounded() throws {
        var node = Node()
        var record = Compressed()
        record.content = Bytes(BitPacker.bomb(Limits.inflatedPacketBytesMax))
        let bomb = MessageType.compressed.encode(record)
        node.give(bomb)
        #expect(
            notes(node.take()).contains {
                $0.hasPrefix("memberlist: Failed to decode compressed packet: lzw: more than")
            })
        // Parts that are each within the bound share it.
        let part = try #require(
            Compressed.wrap([8] + [UInt8](repeating: 0, count: 400_000), ifShorter: true))
        node.give(Compound.packet([part, part, part]))
        let faults = notes(node.take()).filter { $0.contains("lzw: more than") }
        #expect(faults.count == 1)
    }

    // MARK: Gossip

    /// A datagram holds at most 1400 bytes with the encryption around it.
    @Test func packetsHaveTheirSize() {
        var node = Node()
        node.core.setPacketOverhead(29)
        for index in 0..<60 {
            node.alive("member-\(index)", address: Node.peer) {
                $0.meta = Bytes([UInt8](repeating: 1, count: index * 8))
            }
        }
        node.recorder.broadcasts = (0..<300).map { [UInt8](repeating: 9, count: $0 % 40 + 1) }
        let sent = packets(node.run(.seconds(5)))
        #expect(sent.count > 20)
        #expect(sent.allSatisfy { $0.bytes.count + 29 + ($0.checksummed ? 5 : 0) <= 1400 })
        #expect(sent.contains { $0.bytes.count > 1200 })
    }

    @Test func manyTinyMessagesTakeSeveralCompounds() throws {
        var node = Node()
        node.alive("n2")
        node.recorder.broadcasts = (0..<340).map { [UInt8($0 & 0xFF)] }
        for packet in packets(node.run(.seconds(3))) {
            guard packet.bytes[0] == MessageType.compound.rawValue else { continue }
            #expect(packet.bytes[1] <= 127)
        }
        #expect(node.recorder.broadcasts.isEmpty)
    }

    @Test func wakesComeOnlyWhenTheyChange() {
        var node = Node()
        _ = node.take()
        node.give(ping("me"))
        node.give([99])
        let wakes = node.take().filter {
            if case .wake = $0 { true } else { false }
        }
        #expect(wakes.isEmpty)
    }

    // MARK: Streams

    private func request(_ node: inout Node, _ frame: [UInt8]) -> [MemberlistDirective] {
        _ = node.take()
        return node.step(.streamRequest(5, frame, from: Node.peer))
    }

    @Test func answersStreams() throws {
        var node = Node()
        var ack = Ack()
        ack.sequence = 7
        #expect(
            request(&node, ping("me")) == [
                .replyStream(5, MessageType.ack.encode(ack)), .closeStream(5),
            ])
        #expect(request(&node, ping("you")).last == .closeStream(5))
        var header = UserStreamHeader()
        header.length = 2
        #expect(request(&node, MessageType.user.encode(header) + [65, 66]) == [.closeStream(5)])
        #expect(node.recorder.messages == [[65, 66]])
        for frame in [[], [6], [6, 0x81], [99], [13], [8], [0]] as [[UInt8]] {
            let directives = request(&node, frame)
            #expect(directives.filter { $0 == .closeStream(5) }.count == 1)
            #expect(notes(directives).count == 1)
        }
    }

    @Test func pushPullFailuresAreReported() throws {
        var node = Node()
        func end(_ input: (OutgoingStream) -> MemberlistInput) -> String? {
            let stream = node.pushPull()
            _ = node.step(input(stream))
            // A second end of the same stream is ignored.
            _ = node.step(input(stream))
            return node.recorder.ended[stream] ?? "not ended"
        }
        #expect(end { .streamFailed($0, reason: "EOF") } == "EOF")
        let error = MessageType.error.encode(ErrorReply(error: "no key"))
        #expect(end { .streamReply($0, error) } == "remote error: no key")
        #expect(
            end { .streamReply($0, [2, 0x80]) }
                == "received invalid msgType (2), expected pushPullMsg (6)")
        #expect(end { .streamReply($0, []) } != nil)
        var header = PushPullHeader()
        header.nodes = 5
        #expect(end { .streamReply($0, MessageType.pushPull.encode(header)) } != nil)
        header.nodes = 0
        #expect(end { .streamReply($0, MessageType.pushPull.encode(header)) } == nil)
        #expect(node.core.streams.isEmpty)
    }

    @Test func theFirstPushPullComesAfterTheStagger() {
        var options = MemberlistOptions.lan
        options.probeInterval = .zero
        var node = Node(options)
        node.alive("n2")
        let opened = node.run(.seconds(31)).filter {
            if case .openStream(_, _, let frame, _) = $0 { frame.first == 6 } else { false }
        }
        // HashiCorp's agents wait for one interval more.
        #expect(opened.count >= 1)
    }

    @Test func theLeaveEndsAtItsTimeoutWhenNothingIsSent() {
        var options = MemberlistOptions.lan
        options.gossipInterval = .zero
        options.probeInterval = .zero
        var node = Node(options)
        node.alive("n2")
        node.core.leave(timeout: .seconds(2), now: node.now, delegate: &node.recorder)
        _ = node.run(.milliseconds(1900))
        #expect(!node.recorder.lines.contains("leave ended"))
        _ = node.run(.milliseconds(200))
        #expect(node.recorder.lines.filter { $0 == "leave ended" }.count == 1)
        node.core.leave(timeout: .seconds(2), now: node.now, delegate: &node.recorder)
        #expect(node.recorder.lines.filter { $0 == "leave ended" }.count == 2)
    }
}
