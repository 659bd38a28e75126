import Primitives
import Testing

@testable import Memberlist

@Suite struct LZWTests {
    /// An ack with a coordinate, as HashiCorp's agent compressed it.
    static let compressedAck = hex(
        """
        02049d8212260f9b3761c86803202800215541c8a8a933874e9b326ee82c03d0d163c752
        45e4c8792367d90f7c1f3b9a425226cd19341b7d90c3570bd13834f146592933061347951d81061daab2e8c7a3
        1e930a0dcab469a92965e23879b32420
        """)
    static let ack =
        hex(
            """
            0282a75061796c6f6164da00820184aa41646a7573746d656e74cb0000000000000000a54572726f72cb3ff8
            000000000000a6486569676874cb3ee4f8b588e368f1a356656398
            """) + (0..<8).flatMap { _ in hex("cb0000000000000000") } + hex("a55365714e6f4b")

    private func expand(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
        try LZWExpander.expand(bytes[...], limit: limit)
    }

    @Test func expandsHashiCorpsBytes() throws {
        #expect(try expand(Self.compressedAck) == Self.ack)
    }

    @Test func compressesToHashiCorpsBytes() {
        #expect(LZWCompressor.compress(Self.ack) == Self.compressedAck)
    }

    @Test func emptyInputIsTheEndCode() throws {
        let bytes = try #require(LZWCompressor.compress([]))
        // 257 in nine bits, least significant first.
        #expect(bytes == [0x01, 0x01])
        #expect(try expand(bytes) == [])
    }

    /// Literals of nine bits with a clear code now and then: the form of a sender without a
    /// compressor.
    @Test func expandsLiterals() throws {
        var packer = BitPacker()
        let text = (0..<1000).map { UInt8($0 & 0xFF) }
        for (index, byte) in text.enumerated() {
            if index % 250 == 0 { packer.write(256, width: 9) }
            packer.write(Int(byte), width: 9)
        }
        packer.write(257, width: 9)
        #expect(try expand(packer.finished) == text)
    }

    @Test(arguments: UInt64(1)...40) func roundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // Few symbols give long codes; many fill the table and reset it.
        let symbols = Int.random(in: 1...256, using: &random)
        let count = Int.random(in: 0...20_000, using: &random)
        let text = (0..<count).map { _ in UInt8(Int.random(in: 0..<symbols, using: &random)) }
        let bytes = try #require(LZWCompressor.compress(text))
        #expect(try expand(bytes) == text)
    }

    /// A sender may go on with a full table instead of clearing it.
    @Test func expandsWithAFullTable() throws {
        var packer = BitPacker()
        packer.write(256, width: 9)
        var expected: [UInt8] = []
        var next = 257
        var width = 9
        for index in 0..<6000 {
            let byte = UInt8(index * 7 & 0xFF)
            packer.write(Int(byte), width: width)
            expected.append(byte)
            next = min(next + 1, 4095)
            if next == 1 << width, width < 12 { width += 1 }
        }
        // The last code of the table is the pair that its assignment read.
        packer.write(4095, width: 12)
        let index = 4095 - 258
        expected += expected[index...index + 1]
        packer.write(257, width: 12)
        #expect(try expand(packer.finished) == expected)
    }

    @Test func stopsAtTheLimit() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let bytes = try #require(LZWCompressor.compress(zeros))
        #expect(bytes.count < 4000)
        #expect(try expand(bytes, limit: zeros.count) == zeros)
        #expect(throws: CodecFault.self) { try expand(bytes, limit: zeros.count - 1) }
        #expect(LZWCompressor.compress(zeros, limit: 100) == nil)
        let bomb = BitPacker.bomb(10_000_000)
        #expect(try expand(bomb, limit: 11_000_000).count > 10_000_000)
        #expect(throws: CodecFault("lzw: more than 10000000 bytes")) {
            try expand(bomb, limit: 10_000_000)
        }
    }

    @Test func rejectsUnassignedCodesAndMissingEnds() throws {
        var packer = BitPacker()
        packer.write(256, width: 9)
        packer.write(65, width: 9)
        packer.write(300, width: 9)
        #expect(throws: CodecFault("lzw: invalid code")) { try expand(packer.finished) }
        #expect(throws: CodecFault("unexpected EOF")) { try expand([0x00, 0x03]) }
        #expect(throws: CodecFault("unexpected EOF")) { try expand([]) }
    }
}
