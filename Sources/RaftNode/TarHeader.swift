/// The head of a file in a tar archive (ustar), 512 bytes.
struct TarHeader {
    static let blockCount = 512

    var name: String
    var size: UInt64
    var mode: UInt64 = 0o600
    var isFolder = false

    init(name: String, size: UInt64) {
        self.name = name
        self.size = size
    }

    /// Returns the zeroes that fill the last block of a file.
    static func padding(_ size: UInt64) -> Int { Int((512 - size % 512) % 512) }

    func bytes(seconds: Int64) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: Self.blockCount)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        if size < 1 << 33 {
            put(octal(size, 11), at: 124)
        } else {
            // Too large for the digits: the number itself, as GNU's tar and Go's write it.
            block[124] = 0x80
            for byte in 0..<8 {
                block[128 + byte] = UInt8(truncatingIfNeeded: size >> ((7 - byte) * 8))
            }
        }
        put(octal(UInt64(max(0, seconds)), 11), at: 136)
        block[156] = UInt8(ascii: isFolder ? "5" : "0")
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(UInt64(Self.sum(block)), 6), at: 148)
        block[155] = 0x20
        return block
    }

    private static func sum(_ block: [UInt8]) -> Int {
        block.indices.reduce(0) { $0 + Int(148..<156 ~= $1 ? 0x20 : block[$1]) }
    }

    /// Decodes a block; nil at the archive's end, a block of zeroes.
    init?(_ block: [UInt8]) throws(RaftNodeError) {
        if block.allSatisfy({ $0 == 0 }) { return nil }
        guard Self.octal(block[148..<156]) == UInt64(Self.sum(block)) else {
            throw .badArchive(reason: "the head of a file in it is damaged")
        }
        guard block[156] == UInt8(ascii: "0") || block[156] == 0 else {
            throw .badArchive(reason: "it holds something other than files")
        }
        name = String(decoding: block[0..<100].prefix { $0 != 0 }, as: UTF8.self)
        if block[124] == 0x80 {
            size = block[128..<136].reduce(0) { $0 << 8 | UInt64($1) }
        } else if let number = Self.octal(block[124..<136]) {
            size = number
        } else {
            throw .badArchive(reason: "the size of a file in it is no number")
        }
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> UInt64? {
        let digits = field.filter { $0 != 0 && $0 != 0x20 }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
