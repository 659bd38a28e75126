import Primitives
import Testing
import Wire

@testable import Memberlist

/// Random, truncated and changed bytes: no input may stop a node, or exceed its bounds.
@Suite struct FuzzTests {
    /// Valid messages of every type, alone and wrapped.
    static let seeds: [[UInt8]] = {
        var ping = Ping()
        (ping.sequence, ping.node) = (1, "me")
        var indirect = IndirectPing()
        (indirect.target, indirect.port, indirect.node) = (Bytes([10, 0, 0, 3]), 7946, "n3")
        var ack = Ack()
        ack.payload = Bytes([1, 2, 3])
        let claim = PoolClaim(name: "n2", incarnation: 1, from: "n3")
        let member = PoolMember(
            name: "n2", address: TransportAddress("10.0.0.2:7946")!, meta: [1, 2], incarnation: 2)
        var messages = [
            MessageType.ping.encode(ping), MessageType.indirectPing.encode(indirect),
            MessageType.ack.encode(ack), MessageType.nack.encode(Nack()),
            MessageType.alive.encode(Alive(member)), [8, 1, 2, 3],
        ]
        if let claim {
            messages.append(MessageType.suspect.encode(claim.suspect))
            messages.append(MessageType.dead.encode(claim.dead))
        }
        messages.append(Compound.packet(messages))
        messages += messages.compactMap { Compressed.wrap($0, ifShorter: false) }
        messages += messages.map { [12] + BigEndian.bytes(CRC32.checksum($0[...])) + $0 }
        return messages
    }()

    /// Changes bytes of a valid message, cuts it or joins it with another.
    private func mutated(_ random: inout SeededRandom, _ seeds: [[UInt8]]) -> [UInt8] {
        guard var bytes = seeds.randomElement(using: &random) else { return [] }
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeLast(bytes.count - index)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
            case 4: bytes.remove(at: index)
            default: bytes += seeds.randomElement(using: &random) ?? []
            }
        }
        return bytes
    }

    @Test(arguments: UInt64(1)...8) func packetsNeverStopANode(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var node = MemberlistCoreTests.Node(seed: seed)
        for _ in 0..<1500 {
            var bytes = mutated(&random, Self.seeds)
            // A valid CRC leads to the code behind it.
            if bytes.count > 5, bytes[0] == 12, Bool.random(using: &random) {
                bytes.replaceSubrange(1..<5, with: BigEndian.bytes(CRC32.checksum(bytes[5...])))
            }
            node.give(bytes)
            node.now = node.now + random.duration(below: .milliseconds(20))
            node.core.step(.tick, now: node.now, delegate: &node.recorder)
            _ = node.core.takeDirectives()
        }
        #expect(node.core.localMember.state == .alive)
        #expect(node.core.healthScore < 8)
        node.recorder.lines = []
    }

    @Test(arguments: UInt64(1)...8) func randomBytesNeverStopANode(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var node = MemberlistCoreTests.Node(seed: seed)
        for _ in 0..<1500 {
            let count = Int.random(in: 0...60, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if count > 0 { bytes[0] = UInt8.random(in: 0...14, using: &random) }
            node.give(bytes)
            node.core.step(
                .streamRequest(1, bytes, from: MemberlistCoreTests.Node.peer), now: node.now,
                delegate: &node.recorder)
            _ = node.core.takeDirectives()
        }
        #expect(node.core.memberCount < 10)
    }

    @Test(arguments: UInt64(1)...8) func framesNeverStopAReader(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var codec = PacketCodec()
        if seed % 2 == 0 {
            codec.keyring = try #require(
                Keyring(keys: [], primary: [UInt8](repeating: 1, count: 16)))
        }
        let nonce = [UInt8](repeating: 0, count: 12)
        var node = MemberlistCoreTests.Node(seed: seed)
        let state = RemoteState.frame(of: node.core.table, isJoin: true, userState: [1, 2, 3])
        var bare = codec
        bare.compresses = false
        let seeds = (Self.seeds + [state]).flatMap { frame in
            [codec.sealFrame(frame, nonce: { nonce }), bare.sealFrame(frame, nonce: { nonce })]
        }
        for _ in 0..<400 {
            let bytes = mutated(&random, seeds)
            var reader = FrameReader(codec)
            var index = 0
            do throws(CodecFault) {
                while index < bytes.count {
                    let end = min(bytes.count, index + Int.random(in: 1...40, using: &random))
                    if let frame = try reader.append(Array(bytes[index..<end])) {
                        node.core.step(
                            .streamRequest(1, frame, from: MemberlistCoreTests.Node.peer),
                            now: node.now, delegate: &node.recorder)
                        _ = node.core.takeDirectives()
                        break
                    }
                    index = end
                }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    /// The same seed gives the same directives: the core has no hidden chance.
    @Test func stepsAreRepeatable() {
        func play() -> [MemberlistDirective] {
            var random = SeededRandom(seed: 77)
            var node = MemberlistCoreTests.Node(seed: 3)
            var all: [MemberlistDirective] = []
            for _ in 0..<300 {
                node.give(mutated(&random, Self.seeds))
                node.now = node.now + .milliseconds(7)
                node.core.step(.tick, now: node.now, delegate: &node.recorder)
                all += node.core.takeDirectives()
            }
            return all
        }
        #expect(play() == play())
    }
}
