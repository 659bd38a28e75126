import Primitives
import Testing

@testable import Memberlist

@Suite struct PacketCodecTests {
    private let key = hex("b7283d290787b82b850fe3576632b3dfa61ede28caa4e77fb0834c179ca08642")
    private let other = [UInt8](repeating: 7, count: 16)
    private let nack = hex("0b81a55365714e6f30")

    private func nonce() -> [UInt8] { hex("cfc6ca84e1ee0a3855fb1e03") }

    private func keyed(_ keys: [[UInt8]]) throws -> PacketCodec {
        var codec = PacketCodec()
        codec.keyring = try #require(Keyring(keys: keys, primary: keys[0]))
        return codec
    }

    // MARK: Datagrams

    @Test func opensTheCapturedDatagram() throws {
        let datagram = hex(
            """
            01 cfc6ca84e1ee0a3855fb1e03 af1382b36423001ca0af2fbdd99b7f95b87a620e1ada48a578
            """)
        let codec = try keyed([key])
        #expect(hex(try codec.open(datagram)) == hex(nack))
        #expect(codec.seal(nack, checksummed: false, nonce: nonce) == datagram)
        #expect(datagram.count == nack.count + codec.packetOverhead)
    }

    @Test func opensWithAnyInstalledKey() throws {
        let datagram = try keyed([other]).seal(nack, checksummed: false, nonce: nonce)
        #expect(try keyed([key, other]).open(datagram) == nack)
        #expect(
            throws: CodecFault(
                "Decrypt packet failed: No installed keys could decrypt the message")
        ) { try keyed([key]).open(datagram) }
    }

    @Test func rejectsOtherEncryptedBytes() throws {
        let codec = try keyed([key])
        #expect(throws: CodecFault("Decrypt packet failed: Unsupported encryption version 2")) {
            try codec.open([2] + [UInt8](repeating: 0, count: 40))
        }
        #expect(throws: CodecFault("Decrypt packet failed: Payload is too small to decrypt: 28")) {
            try codec.open([1] + [UInt8](repeating: 0, count: 27))
        }
        #expect(throws: CodecFault("missing message type byte")) { try codec.open([]) }
    }

    @Test func plaintextIsAcceptedWhileEncryptionIsRolledOut() throws {
        var codec = try keyed([key])
        #expect(throws: CodecFault.self) { try codec.open(nack) }
        codec.verifiesIncoming = false
        #expect(try codec.open(nack) == nack)
        codec.verifiesOutgoing = false
        #expect(codec.seal(nack, checksummed: false, nonce: nonce) == nack)
        #expect(codec.packetOverhead == 0)
    }

    /// Version 0 pads to 16 bytes before it encrypts.
    @Test func opensPaddedPackets() throws {
        let ring = try keyed([key]).keyring
        let padded = nack + [UInt8](repeating: 7, count: 7)
        var datagram = ring.seal(padded, nonce: nonce(), additional: [])
        datagram[0] = 0
        #expect(try keyed([key]).open(datagram) == nack)
        var wrong = ring.seal(
            nack + [UInt8](repeating: 200, count: 7), nonce: nonce(), additional: [])
        wrong[0] = 0
        #expect(throws: CodecFault.self) { try keyed([key]).open(wrong) }
    }

    @Test func sealCompressesWhatGetsShorterAlone() throws {
        let codec = PacketCodec()
        let sealed = codec.seal(LZWTests.ack, checksummed: false, nonce: nonce)
        #expect(
            hex(sealed) == "0982a4416c676f00a3427566da0061" + hex(LZWTests.compressedAck))
        #expect(sealed.count < LZWTests.ack.count)
        #expect(codec.seal(nack, checksummed: false, nonce: nonce) == nack)
        var plain = codec
        plain.compresses = false
        #expect(plain.seal(LZWTests.ack, checksummed: false, nonce: nonce) == LZWTests.ack)
    }

    @Test func checksumPrecedesTheMessage() throws {
        let dead = hex("0583a446726f6da4636c6931ab496e6361726e6174696f6e01a44e6f6465a4636c6931")
        let sealed = PacketCodec().seal(dead, checksummed: true, nonce: nonce)
        #expect(hex(sealed) == "0c8f7032fe" + hex(dead))
    }

    // MARK: Labels

    @Test func labelsSeparatePools() throws {
        var labelled = PacketCodec()
        labelled.label = "dc"
        let sealed = labelled.seal(nack, checksummed: false, nonce: nonce)
        #expect(hex(sealed) == "f4026463" + hex(nack))
        #expect(try labelled.open(sealed) == nack)
        #expect(
            throws: CodecFault(
                "discarding packet with unacceptable label \"dc\"", isAnswered: false)
        ) { try PacketCodec().open(sealed) }
        #expect(throws: CodecFault.self) { try labelled.open(nack) }
        #expect(throws: CodecFault("missing message type byte")) {
            try labelled.open([0xF4, 9, 1])
        }
        // An empty label header is not the same as none.
        #expect(throws: CodecFault.self) { try PacketCodec().open([0xF4, 0] + nack) }
    }

    @Test func labelIsAuthenticated() throws {
        var codec = try keyed([key])
        codec.label = "a"
        let sealed = codec.seal(nack, checksummed: false, nonce: nonce)
        #expect(sealed.count == nack.count + codec.packetOverhead)
        #expect(try codec.open(sealed) == nack)
        codec.label = "b"
        var moved = sealed
        moved[2] = UInt8(ascii: "b")
        #expect(throws: CodecFault.self) { try codec.open(moved) }
    }

    // MARK: Keyring

    @Test func keyringOperationsHaveSerfsRules() throws {
        let third = [UInt8](repeating: 9, count: 24)
        var ring = try #require(Keyring(keys: [other, key], primary: key))
        #expect(ring.keys == [key, other])
        #expect(Keyring(keys: [[1, 2]], primary: key) == nil)
        #expect(Keyring(keys: [key], primary: []) == nil)
        #expect(throws: KeyringFault.wrongLength) { try ring.install([1]) }
        try ring.install(third)
        try ring.install(third)
        #expect(ring.keys == [key, other, third])
        #expect(throws: KeyringFault.notInstalled) {
            try ring.use([UInt8](repeating: 1, count: 16))
        }
        try ring.use(third)
        #expect(ring.keys == [third, key, other])
        #expect(throws: KeyringFault.isPrimary) { try ring.remove(third) }
        try ring.remove(key)
        try ring.remove(key)
        #expect(ring.keys == [third, other])
    }

    @Test func keyringIsBounded() throws {
        var ring = Keyring()
        for index in 0..<Limits.keysMax {
            try ring.install(BigEndian.bytes(UInt32(index)) + [UInt8](repeating: 0, count: 12))
        }
        #expect(throws: KeyringFault.isFull) { try ring.install(key) }
    }
}
