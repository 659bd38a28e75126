import GossipNode
import Memberlist
import NIOCore
import NIOPosix
import Primitives
import Serf
import Synchronization
import TestKit
import Testing
import Wire

/// A stranger on the network sends garbage.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HostileTests {
    /// Returns random bytes that begin with a type of memberlist, so that some get past the first
    /// check.
    private static func garbage(_ random: inout SeededRandom) -> [UInt8] {
        let count = Int.random(in: 0...1_400, using: &random)
        var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        if !bytes.isEmpty, Bool.random(using: &random) {
            bytes[0] = UInt8.random(in: 0...13, using: &random)
        }
        return bytes
    }

    @Test(arguments: [false, true])
    func garbageHarmsNobodysView(isEncrypted: Bool) async throws {
        let pool = TestPool()
        let key = [UInt8](repeating: 3, count: 32)
        let keyring = isEncrypted ? try #require(Keyring(keys: [key], primary: key)) : Keyring()
        let a = try await pool.add("a") { $0.codec.keyring = keyring }
        let b = try await pool.add("b") { $0.codec.keyring = keyring }
        #expect(await pool.join(b, to: a) == 1)
        try await eventually("both know both") { a.members.count == 2 && b.members.count == 2 }
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: Int(a.port))
        var random = SeededRandom(seed: isEncrypted ? 2 : 1)

        let sender = try await DatagramBootstrap(group: pool.group)
            .bind(host: "127.0.0.1", port: 0).get()
        for _ in 0..<2_000 {
            let data = ByteBuffer(bytes: Self.garbage(&random))
            try await sender.writeAndFlush(AddressedEnvelope(remoteAddress: target, data: data))
                .get()
        }
        try await sender.close()
        for _ in 0..<200 {
            let stream = try await ClientBootstrap(group: pool.group).connect(to: target).get()
            // The node may close before all is written.
            try? await stream.writeAndFlush(ByteBuffer(bytes: Self.garbage(&random))).get()
            try? await stream.close()
        }

        // Both still hear each other.
        a.fire(name: "alive", payload: [], coalesces: false) { #expect($0 == nil) }
        try await eventually("b receives an event") { pool.logs[1].userNames == ["alive"] }
        #expect(a.summary == "a=alive b=alive" && b.summary == "a=alive b=alive")
        await pool.stop()
    }

    /// A datagram that cannot be sent is lost; the socket stays.
    @Test func anUnreachableAddressHarmsNoSocket() async throws {
        let pool = TestPool()
        let (a, b) = (try await pool.add("a"), try await pool.add("b"))
        #expect(await pool.join(b, to: a) == 1)
        try await eventually("both know both") { a.members.count == 2 && b.members.count == 2 }
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: Int(a.port))
        let sender = try await DatagramBootstrap(group: pool.group)
            .bind(host: "127.0.0.1", port: 0).get()
        // Answers to these go to a broadcast address, and to one of another family.
        for address in [[255, 255, 255, 255], [UInt8](repeating: 0x78, count: 16)] {
            var ping = Ping()
            ping.sequence = 1
            ping.node = "a"
            ping.source.address = Bytes(address)
            ping.source.port = 1
            let data = ByteBuffer(bytes: MessageType.ping.encode(ping))
            try await sender.writeAndFlush(AddressedEnvelope(remoteAddress: target, data: data))
                .get()
        }
        try await sender.close()
        // Acks of a query come by datagram alone.
        let acks = Mutex<Set<String>>([])
        try await eventually("both confirm a query") {
            var request = QueryRequest(name: "_serf_ping")
            request.wantsAcks = true
            _ = try await b.query(request) { progress in
                if case .ack(let member) = progress {
                    _ = acks.withLock { $0.insert(member) }
                }
            }
            try await Task.sleep(nanoseconds: 20_000_000)
            return acks.withLock { $0 } == ["a", "b"]
        }
        await pool.stop()
    }

    /// Streams that say nothing are closed, and do not keep others out.
    @Test func silentStreamsAreBounded() async throws {
        let pool = TestPool()
        let a = try await pool.add("a") {
            $0.options.memberlist.streamTimeout = .seconds(1)
        }
        let b = try await pool.add("b")
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: Int(a.port))
        var streams: [any Channel] = []
        for _ in 0..<300 {
            streams.append(try await ClientBootstrap(group: pool.group).connect(to: target).get())
        }
        try await eventually("b joins once the silent ones are closed") {
            await pool.join(b, to: a) == 1
        }
        for stream in streams { try? await stream.closeFuture.get() }
        await pool.stop()
    }

    /// Only allowed networks may gossip.
    @Test func strangersOfOtherNetworksAreRefused() async throws {
        let pool = TestPool()
        let a = try await pool.add("a") { $0.allowed = [CIDRBlock("10.0.0.0/8")].compactMap { $0 } }
        let b = try await pool.add("b")
        #expect(await pool.join(b, to: a) == 0)
        #expect(a.summary == "a=alive" && b.summary == "b=alive")
        await pool.stop()
    }
}
