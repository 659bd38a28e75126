import Primitives
import Testing
import Wire

@testable import Memberlist

/// The bytes of messages, as captured from HashiCorp's agents.
@Suite struct MessageTests {
    private func source(_ address: String, _ node: String) throws -> PingSource {
        PingSource(try #require(TransportAddress(address)), node: node)
    }

    @Test func pingHasTheCapturedBytes() throws {
        var ping = Ping()
        ping.sequence = 1
        ping.node = "srv1"
        ping.source = try source("127.0.0.3:8301", "cli1")
        let bytes = hex(
            """
            00 85 a44e6f6465 a473727631 a55365714e6f 01 aa536f7572636541646472 a47f000003
            aa536f757263654e6f6465 a4636c6931 aa536f75726365506f7274 cd206d
            """)
        #expect(bytes.count == 65)
        #expect(hex(MessageType.ping.encode(ping)) == hex(bytes))
    }

    @Test func pingWithoutSourceOmitsItsFields() {
        var ping = Ping()
        ping.sequence = 7
        ping.node = "b"
        #expect(hex(MessageType.ping.encode(ping)) == "0082a44e6f6465a162a55365714e6f07")
    }

    @Test func indirectPingHasTheCapturedBytes() throws {
        var ping = IndirectPing()
        ping.sequence = 0x2F
        ping.target = Bytes([127, 0, 1, 3])
        ping.port = 8301
        ping.node = "n3"
        ping.wantsNack = true
        ping.source = try source("127.0.1.2:8301", "n2")
        let bytes = hex(
            """
            01 88 a44e61636b c3 a44e6f6465 a26e33 a4506f7274 cd206d a55365714e6f 2f
            aa536f7572636541646472 a47f000102 aa536f757263654e6f6465 a26e32
            aa536f75726365506f7274 cd206d a6546172676574 a47f000103
            """)
        #expect(hex(MessageType.indirectPing.encode(ping)) == hex(bytes))
    }

    @Test func nackHasTheCapturedBytes() {
        var nack = Nack()
        nack.sequence = 0x30
        #expect(hex(MessageType.nack.encode(nack)) == "0b81a55365714e6f30")
    }

    @Test func ackHasTheCapturedBytes() {
        var ack = Ack()
        ack.sequence = 0x4B
        ack.payload = Bytes(LZWTests.ack[13..<13 + 0x82].map { $0 })
        #expect(hex(MessageType.ack.encode(ack)) == hex(LZWTests.ack))
        ack.payload = Bytes()
        #expect(hex(MessageType.ack.encode(ack)) == "0282a75061796c6f6164c0a55365714e6f4b")
    }

    @Test func claimsHaveTheCapturedBytes() throws {
        let suspect = try #require(PoolClaim(name: "n3", incarnation: 1, from: "n2"))
        #expect(
            hex(MessageType.suspect.encode(suspect.suspect))
                == "0383a446726f6da26e32ab496e6361726e6174696f6e01a44e6f6465a26e33")
        let left = try #require(PoolClaim(name: "cli1", incarnation: 1, from: "cli1"))
        let dead = MessageType.dead.encode(left.dead)
        #expect(
            hex(dead)
                == "0583a446726f6da4636c6931ab496e6361726e6174696f6e01a44e6f6465a4636c6931")
        // The CRC that preceded it in the capture.
        #expect(CRC32.checksum(dead[...]) == 0x8F70_32FE)
    }

    @Test func compoundHasTheCapturedBytes() throws {
        var nack = Nack()
        nack.sequence = 0x2F
        let claim = try #require(PoolClaim(name: "n3", incarnation: 1, from: "n2"))
        let parts = [
            MessageType.nack.encode(nack), MessageType.suspect.encode(claim.suspect),
        ]
        let packet = Compound.packet(parts)
        #expect(
            hex(packet) == "07020009001f" + hex(parts[0]) + hex(parts[1]))
        let found = try Compound.parts(of: packet, in: 1..<packet.count)
        #expect(found.truncated == 0)
        #expect(found.ranges.map { Array(packet[$0]) } == parts)
    }

    @Test func truncatedCompoundKeepsItsLeadingParts() throws {
        let parts: [[UInt8]] = [[8, 1, 2], [8, 3], [8, 4, 5]]
        let packet = Array(Compound.packet(parts).dropLast())
        let found = try Compound.parts(of: packet, in: 1..<packet.count)
        #expect(found.ranges.map { Array(packet[$0]) } == Array(parts.prefix(2)))
        #expect(found.truncated == 1)
        #expect(throws: CodecFault("truncated len slice")) {
            try Compound.parts(of: [7, 3, 0, 1], in: 1..<4)
        }
        #expect(throws: CodecFault("missing compound length byte")) {
            try Compound.parts(of: [7], in: 1..<1)
        }
    }

    /// A client's join, inflated: the state of one node, and Serf's after it.
    @Test func pushPullHasTheCapturedBytes() throws {
        let address = try #require(TransportAddress("127.0.0.3:8301"))
        var random = SeededRandom(seed: 1)
        var table = MemberTable()
        _ = table.insert(
            PoolMember(name: "cli1", address: address, meta: [0xFF, 0x80], incarnation: 1), &random)
        let frame = RemoteState.frame(of: table, isJoin: true, userState: [2, 0x80])
        let expected = hex(
            """
            06 83 a44a6f696e c3 a54e6f646573 01 ac5573657253746174654c656e 02
            87 a441646472 a47f000003 ab496e6361726e6174696f6e 01 a44d657461 a2 ff80
            a44e616d65 a4636c6931 a4506f7274 cd206d a55374617465 00 a356736e a6010502020504
            02 80
            """)
        #expect(hex(frame) == hex(expected))
        let state = try RemoteState(frame: frame)
        #expect(state.isJoin)
        #expect(state.nodes.map(\.name) == ["cli1"])
        #expect(Array(state.userState) == [2, 0x80])
    }

    @Test func numbersOutOfRangeAreNoMember() throws {
        let address = try #require(TransportAddress("10.0.0.1:8301"))
        let good = Alive(PoolMember(name: "a", address: address, incarnation: 3))
        #expect(try PoolMember(good, port: 1).incarnation == 3)
        func fault(_ change: (inout Alive) -> Void) -> PoolMember.Invalid? {
            var alive = good
            change(&alive)
            do throws(PoolMember.Invalid) {
                _ = try PoolMember(alive, port: 8301)
                return nil
            } catch {
                return error
            }
        }
        #expect(fault { $0.node = "" } == .name)
        #expect(fault { $0.node = String(repeating: "x", count: 256) } == .name)
        #expect(fault { $0.incarnation = 1 << 32 } == .incarnation)
        #expect(fault { $0.incarnation = -1 } == .incarnation)
        #expect(fault { $0.address = Bytes([1, 2, 3]) } == .address)
        #expect(fault { $0.address = Bytes([0, 0, 0, 0]) } == .address)
        #expect(fault { $0.port = 65_536 } == .address)
        #expect(fault { $0.port = 0 } == nil)
        #expect(fault { $0.meta = Bytes([UInt8](repeating: 1, count: 513)) } == .meta)
        #expect(fault { $0.versions = Bytes([1, 5, 2]) } == .versions)
    }
}
