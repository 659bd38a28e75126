import Primitives
import Testing
import Wire

/// Bytes captured between servers of Consul 1.8.7.
@Suite struct MessagePackTests {
    struct Vote: Record, Equatable {
        var candidate = Bytes()
        var lastLogIndex: UInt64 = 0
        var lastLogTerm: UInt64 = 0
        var isTransfer = false
        var version = 0
        var term: UInt64 = 0

        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("ProtocolVersion", &version)
            try visit.field("Term", &term)
            try visit.field("Candidate", &candidate)
            try visit.field("LastLogIndex", &lastLogIndex)
            try visit.field("LastLogTerm", &lastLogTerm)
            try visit.field("LeadershipTransfer", &isTransfer)
        }
    }

    struct Entry: Record, Equatable {
        var index: UInt64 = 0
        var data = Bytes()
        var extensions = Bytes()

        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Index", &index)
            try visit.field("Data", &data, .nullWhenEmpty)
            try visit.field("Extensions", &extensions, .nullWhenEmpty)
        }
    }

    struct Many: Record, Equatable {
        var numbers = [Int](repeating: 0, count: 20)
        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            let names: [StaticString] = [
                "T", "S", "R", "Q", "P", "O", "N", "M", "L", "K", "J", "I", "H", "G", "F", "E",
                "D", "C", "B", "A",
            ]
            for (index, name) in names.enumerated() { try visit.field(name, &numbers[index]) }
        }
    }

    struct Kinds: Record, Equatable {
        var text = ""
        var flag = false
        var wait = GoDuration()
        var share = 0.0
        var tags: [String] = []
        var meta: [String: String] = [:]
        var free: [String: JSONValue] = [:]
        var entry: Entry?
        var hidden = ""

        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("Text", &text, .omitEmpty)
            try visit.field("Flag", &flag)
            try visit.field("Wait", &wait)
            try visit.field("Share", &share)
            try visit.field("Tags", &tags)
            try visit.field("Meta", &meta, .omitEmpty)
            try visit.field("Free", &free, .nullWhenEmpty)
            try visit.field("Entry", &entry)
            try visit.field("Hidden", &hidden, .binaryOnly)
            try visit.field("OldText", &text, .inputOnly)
        }
    }

    static func bytes(_ hex: String) -> [UInt8] {
        var digits = hex.filter { !$0.isWhitespace }[...]
        var bytes: [UInt8] = []
        while let byte = UInt8(digits.prefix(2), radix: 16) {
            bytes.append(byte)
            digits = digits.dropFirst(2)
        }
        return bytes
    }

    static let vote = bytes(
        """
        86 a943616e646964617465 ae3132372e302e312e313a38333030
        ac4c6173744c6f67496e646578 01 ab4c6173744c6f675465726d 01
        b24c6561646572736869705472616e73666572 c2 af50726f746f636f6c56657273696f6e 03
        a45465726d 02
        """)

    @Test func writesAndReadsAVoteAsConsulDoes() throws {
        var vote = Vote()
        vote.candidate = "127.0.1.1:8300"
        vote.lastLogIndex = 1
        vote.lastLogTerm = 1
        vote.version = 3
        vote.term = 2
        #expect(MessagePackWriter.encode(vote) == Self.vote)
        #expect(try MessagePackReader.decode(Vote.self, from: Self.vote) == vote)
    }

    /// Names of every length up to a word and beyond, the longest first.
    private struct Names: Record, Hashable {
        var number: UInt64 = 1
        init() {}
        mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
            try visit.field("BCDEFGHIKLMNOPQRS", &number)
            try visit.field("BCDEFGHIK", &number)
            try visit.field("BCDEFGHI", &number)
            try visit.field("BCDEFGH", &number)
            try visit.field("BCDEFG", &number)
            try visit.field("BCDEF", &number)
            try visit.field("BCDE", &number)
            try visit.field("BCD", &number)
            try visit.field("BC", &number)
            try visit.field("B", &number)
            try visit.field("AZ", &number)
            try visit.field("BCCZZZ", &number)
        }
    }

    @Test func writesNamesInByteOrder() {
        let expected = [
            "AZ", "B", "BC", "BCCZZZ", "BCD", "BCDE", "BCDEF", "BCDEFG", "BCDEFGH", "BCDEFGHI",
            "BCDEFGHIK", "BCDEFGHIKLMNOPQRS",
        ]
        let bytes = MessagePackWriter.encode(Names())
        let written = expected.flatMap { name -> [UInt8] in
            [0xA0 | UInt8(name.utf8.count)] + Array(name.utf8) + [1]
        }
        #expect(bytes == [0x80 | UInt8(expected.count)] + written)
    }

    @Test func writesNilWhereGoHasNil() {
        var entry = Entry()
        entry.index = 2
        let expected = Self.bytes("83 a444617461 c0 aa457874656e73696f6e73 c0 a5496e646578 02")
        #expect(MessagePackWriter.encode(entry) == expected)
        #expect(
            MessagePackWriter.encode(Kinds())
                == Self.bytes(
                    """
                    89 a5456e747279 c0 a4466c6167 c2 a446726565 c0 a648696464656e a0 a44d657461 c0
                    a55368617265 cb0000000000000000 a454616773 c0 a454657874 a0 a457616974 00
                    """))
    }

    @Test func ordersTheFieldsOfLongAndNestedRecords() throws {
        var many = Many()
        for index in 0..<20 { many.numbers[index] = index * 100 }
        let bytes = MessagePackWriter.encode([many, many])
        #expect(Array(bytes.prefix(6)) == Self.bytes("92 de0014 a141"))
        #expect(try MessagePackReader.decode([Many].self, from: bytes) == [many, many])
        let names = bytes.indices.filter { bytes[$0] == 0xA1 }.map { bytes[$0 + 1] }
        #expect(Array(names.prefix(20)) == names.prefix(20).sorted())
    }

    @Test(arguments: [
        (0, "00"), (127, "7f"), (128, "cc80"), (256, "cd0100"), (65_536, "ce00010000"),
        (15_000_000_000, "cf000000037e11d600"), (-1, "ff"), (-32, "e0"), (-33, "d0df"),
        (-129, "d1ff7f"), (-32_769, "d2ffff7fff"), (-2_147_483_649, "d3ffffffff7fffffff"),
    ])
    func wholeNumbersTakeTheSmallestForm(_ number: Int, _ hex: String) throws {
        #expect(MessagePackWriter.encode(number) == Self.bytes(hex))
        #expect(try MessagePackReader.decode(Int.self, from: Self.bytes(hex)) == number)
    }

    @Test(arguments: [0, 31, 32, 255, 256, 65_535, 65_536])
    func textIsOfTheRawFamily(_ count: Int) throws {
        let text = String(repeating: "x", count: count)
        let bytes = MessagePackWriter.encode(text)
        let head = count < 32 ? 1 : count < 65_536 ? 3 : 5
        #expect(bytes.count == head + count)
        #expect(bytes[0] == (count < 32 ? 0xA0 | UInt8(count) : count < 65_536 ? 0xDA : 0xDB))
        #expect(try MessagePackReader.decode(String.self, from: bytes) == text)
    }

    /// `str8`, `bin8`, wide and signed numbers, a short float, nil, unknown fields, any order.
    @Test func readsOtherEncodings() throws {
        let bytes = Self.bytes(
            """
            8a a457616974 d30000000000000005 d90454657874 d90161
            a4556e6b6e 92 81 a178 c0 cb3ff8000000000000
            a446726565 81 a16e cb3ff0000000000000 a55368617265 ca3fc00000 a44d657461 c0
            a454616773 dc0001 a178 a5456e747279 81 a444617461 c40201ff a4466c6167 c3
            a74f6c6454657874 a17a
            """)
        let kinds = try MessagePackReader.decode(Kinds.self, from: bytes)
        #expect(kinds.text == "a")
        #expect(kinds.wait == .nanoseconds(5))
        #expect(kinds.free == ["n": .integer(1)])
        #expect(kinds.share == 1.5)
        #expect(kinds.tags == ["x"])
        #expect(kinds.entry?.data.array == [1, 255])
        #expect(kinds.flag)
        #expect(try MessagePackReader.decode(Kinds.self, from: [0xC0]) == Kinds())
    }

    @Test func numbersWithoutATypeAreFloats() {
        #expect(MessagePackWriter.encode(JSONValue.integer(1)) == Self.bytes("cb3ff0000000000000"))
    }

    @Test func timesAreGosFifteenBytes() throws {
        let bytes = Self.bytes("af 01 0000000ee292d375 017cad22 ffff")
        let time = try MessagePackReader.decode(Timestamp.self, from: bytes)
        #expect(time.description == "2026-11-20T23:49:09.024948002Z")
        #expect(MessagePackWriter.encode(time) == bytes)
        for seconds in [Int64.min, .min + 1, -1, .max] {
            #expect(!Timestamp(seconds: seconds).description.isEmpty)
        }
        let zero = Self.bytes("af 01 0000000000000000 00000000 ffff")
        #expect(MessagePackWriter.encode(Timestamp()) == zero)
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.decode(Timestamp.self, from: Self.bytes("a3 010000"))
        }
    }

    @Test(arguments: [
        ("0001-01-01T00:00:00Z", -62_135_596_800), ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29T23:59:59Z", 951_868_799), ("2026-11-21T12:04:39.232604998Z", 1_795_262_679),
        ("1900-03-01T00:00:00.5Z", -2_203_891_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func timesAreReadAndPrinted(_ text: String, _ unix: Int) throws {
        let time = try #require(Timestamp(text))
        #expect(time.unixSeconds == Int64(unix))
        #expect(time.description == text)
        let json = JSONWriter.encode(time)
        #expect(String(decoding: json, as: UTF8.self) == "\"\(text)\"")
        #expect(try JSONReader.decode(Timestamp.self, from: json) == time)
    }

    @Test func timesWithAnOffsetAreTurnedIntoUTC() {
        #expect(Timestamp("2026-01-01T01:30:00+01:30") == Timestamp("2026-01-01T00:00:00Z"))
        #expect(Timestamp("2025-12-31T22:00:00-02:00") == Timestamp("2026-01-01T00:00:00Z"))
        for bad in ["", "2026-02-29T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "x"] {
            #expect(Timestamp(bad) == nil)
        }
    }

    /// No prefix of a value reads as a value, no length is trusted, nesting is bounded.
    @Test func refusesTruncatedAndTooDeepValues() throws {
        for count in 0..<Self.vote.count {
            #expect {
                try MessagePackReader.decode(Vote.self, from: Array(Self.vote.prefix(count)))
            } throws: {
                ($0 as? MessagePackError)?.isTruncated == true
            }
        }
        let lying: [(String, any WireValue.Type)] = [
            ("ddffffffff00", [Int].self), ("dbffffffff61", String.self),
            ("dfffffffff61", [String: Int].self), ("c6ffffffff00", Bytes.self),
        ]
        for (hex, type) in lying {
            #expect(throws: MessagePackError.self) { try Self.read(type, Self.bytes(hex)) }
        }
        let deep = [UInt8](repeating: 0x91, count: 100) + [0xC0]
        #expect(throws: MessagePackError(offset: 65, reason: "nested deeper than 64 levels")) {
            try MessagePackReader.decode(JSONValue.self, from: deep)
        }
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.decode(Int.self, from: Self.bytes("cb3ff0000000000000"))
        }
        #expect(throws: MessagePackError.self) {
            try MessagePackReader.decode(Int.self, from: [0x01, 0x02])
        }
    }

    private static func read<T: WireValue>(_ type: T.Type, _ bytes: [UInt8]) throws {
        _ = try MessagePackReader.decode(T.self, from: bytes)
    }

    /// Changed bytes give a value or an error.
    @Test func survivesAnyChangeOfAByte() {
        var random = SeededRandom(seed: 7)
        for place in Self.vote.indices {
            for _ in 0..<32 {
                var bytes = Self.vote
                bytes[place] = UInt8.random(in: 0...255, using: &random)
                _ = try? MessagePackReader.decode(Vote.self, from: bytes)
                _ = try? MessagePackReader.decode(JSONValue.self, from: bytes)
            }
        }
    }

    @Test func fieldsThatAreBinaryOnlyAreInNoText() throws {
        var kinds = Kinds()
        kinds.hidden = "h"
        #expect(!String(decoding: JSONWriter.encode(kinds), as: UTF8.self).contains("idden"))
        let read = try JSONReader.decode(Kinds.self, from: Array("{\"Hidden\":\"x\"}".utf8))
        #expect(read.hidden.isEmpty)
        #expect(!FieldNames(of: kinds).names.contains("Hidden"))
        let bytes = MessagePackWriter.encode(kinds)
        #expect(try MessagePackReader.decode(Kinds.self, from: bytes) == kinds)
    }
}
