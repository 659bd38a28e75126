import Primitives
import Testing
import Wire

@testable import Memberlist

@Suite struct FrameReaderTests {
    private let key = [UInt8](repeating: 3, count: 32)
    private func nonce() -> [UInt8] { [UInt8](repeating: 5, count: 12) }

    private func codec(encrypted: Bool, compresses: Bool, label: String = "") throws -> PacketCodec
    {
        var codec = PacketCodec()
        if encrypted { codec.keyring = try #require(Keyring(keys: [], primary: key)) }
        codec.compresses = compresses
        codec.label = label
        return codec
    }

    private static func pushPull(_ count: Int, userState: Int) -> [UInt8] {
        var random = SeededRandom(seed: 9)
        var table = MemberTable()
        for index in 0..<count {
            let address = TransportAddress(bytes: [10, 0, 0, UInt8(index & 0xFF)], port: 8301)
            guard let address else { continue }
            _ = table.insert(
                PoolMember(name: "node-\(index)", address: address, meta: [255, 1, 2]), &random)
        }
        let state = (0..<userState).map { UInt8($0 & 0xFF) }
        return RemoteState.frame(of: table, isJoin: false, userState: state)
    }

    private static var frames: [[UInt8]] {
        var ping = Ping()
        (ping.sequence, ping.node) = (9, "n")
        var ack = Ack()
        ack.sequence = 9
        var header = UserStreamHeader()
        header.length = 3
        return [
            MessageType.ping.encode(ping), MessageType.ack.encode(ack),
            MessageType.error.encode(ErrorReply(error: "no")),
            MessageType.user.encode(header) + [1, 2, 3],
            pushPull(0, userState: 0), pushPull(1, userState: 0), pushPull(20, userState: 700),
        ]
    }

    /// Reads a frame from pieces of a size.
    private func read(
        _ bytes: [UInt8], pieces: Int, _ codec: PacketCodec
    ) throws -> [UInt8]? {
        var reader = FrameReader(codec)
        var index = 0
        while index < bytes.count {
            let end = min(bytes.count, index + pieces)
            if let frame = try reader.append(Array(bytes[index..<end])) {
                #expect(end == bytes.count, "complete after \(end) of \(bytes.count) bytes")
                #expect(try reader.append([1, 2, 3]) == nil)
                return frame
            }
            index = end
        }
        return nil
    }

    @Test(arguments: [false, true], [false, true])
    func readsEveryFrameHoweverItIsCut(encrypted: Bool, compresses: Bool) throws {
        for label in ["", "pool"] {
            let codec = try codec(encrypted: encrypted, compresses: compresses, label: label)
            for frame in Self.frames {
                let sealed = codec.sealFrame(frame, nonce: nonce)
                for pieces in [1, 2, 7, 64, sealed.count] {
                    let found = try read(sealed, pieces: pieces, codec)
                    #expect(found == frame)
                }
            }
        }
    }

    @Test func encryptedFramesHaveTheirLengthInFront() throws {
        let codec = try codec(encrypted: true, compresses: false)
        let frame = Self.frames[0]
        let sealed = codec.sealFrame(frame, nonce: nonce)
        let length = UInt32(frame.count + 29)
        #expect(Array(sealed.prefix(6)) == [10] + BigEndian.bytes(length) + [1])
        #expect(sealed.count == 5 + Int(length))
    }

    /// The answer of a real agent to a ping by stream: 18 bytes take 35.
    @Test func framesAreCompressedEvenIfThatIsLonger() throws {
        let codec = try codec(encrypted: false, compresses: true)
        var ack = Ack()
        ack.sequence = 9
        let frame = MessageType.ack.encode(ack)
        let sealed = codec.sealFrame(frame, nonce: nonce)
        #expect(
            hex(sealed)
                == "0982a4416c676f00a3427566b602049d8212260f9b3761c8002b35a54c1c276f120404")
    }

    @Test func mismatchedEncryptionHasMemberlistsTexts() throws {
        let plain = try codec(encrypted: false, compresses: true)
        let keyed = try codec(encrypted: true, compresses: true)
        let frame = Self.frames[0]
        #expect(
            throws: CodecFault("Remote state is encrypted and encryption is not configured")
        ) { try read(keyed.sealFrame(frame, nonce: nonce), pieces: 100, plain) }
        #expect(
            throws: CodecFault("Encryption is configured but remote state is not encrypted")
        ) { try read(plain.sealFrame(frame, nonce: nonce), pieces: 100, keyed) }
        var lenient = keyed
        lenient.verifiesIncoming = false
        #expect(try read(plain.sealFrame(frame, nonce: nonce), pieces: 100, lenient) == frame)
    }

    @Test func errorFrameHasTheText() throws {
        let codec = try codec(encrypted: true, compresses: true)
        let sealed = codec.errorFrame("no entry", nonce: nonce)
        let frame = try #require(try read(sealed, pieces: 50, codec))
        #expect(hex(frame) == "0d81a54572726f72a86e6f20656e747279")
    }

    // MARK: Bounds

    @Test func boundsAreChecked() throws {
        let plain = try codec(encrypted: false, compresses: false)
        let keyed = try codec(encrypted: true, compresses: false)
        #expect(throws: CodecFault("Remote node state is larger than limit (4294967295)")) {
            try read([10, 255, 255, 255, 255], pieces: 5, keyed)
        }
        #expect(throws: CodecFault("Received invalid msgType (7)")) {
            try read([7, 1], pieces: 1, plain)
        }
        var header = PushPullHeader()
        header.nodes = Limits.pushPullNodesMax + 1
        #expect(throws: CodecFault.self) {
            try read(MessageType.pushPull.encode(header), pieces: 100, plain)
        }
        header.nodes = 0
        header.userStateLength = Limits.userStateBytesMax + 1
        #expect(throws: CodecFault.self) {
            try read(MessageType.pushPull.encode(header), pieces: 100, plain)
        }
        header.userStateLength = -1
        #expect(throws: CodecFault.self) {
            try read(MessageType.pushPull.encode(header), pieces: 100, plain)
        }
        var user = UserStreamHeader()
        user.length = Limits.userStreamBytesMax + 1
        #expect(throws: CodecFault.self) {
            try read(MessageType.user.encode(user), pieces: 100, plain)
        }
    }

    @Test func compressionBombIsRejected() throws {
        let codec = try codec(encrypted: false, compresses: true)
        var record = Compressed()
        record.content = Bytes(BitPacker.bomb(Limits.inflatedFrameBytesMax))
        #expect(throws: CodecFault("lzw: more than \(Limits.inflatedFrameBytesMax) bytes")) {
            try read(MessageType.compressed.encode(record), pieces: 1 << 20, codec)
        }
    }

    /// A record that never ends must not be skipped again and again.
    @Test func endlessRecordIsRejected() throws {
        let codec = try codec(encrypted: false, compresses: false)
        var reader = FrameReader(codec)
        // A map with one key and a list of a million entries.
        _ = try reader.append([0, 0x81, 0xA1, 0x78, 0xDD, 0, 0x0F, 0x42, 0x40])
        #expect(throws: CodecFault.self) {
            for _ in 0..<Limits.recordBytesMax + 16 { _ = try reader.append([0xC0]) }
        }
    }
}
