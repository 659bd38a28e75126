/// Writes codes as LZW does, to make streams that the compressor does not.
struct BitPacker {
    private var bytes: [UInt8] = []
    private var bits = 0
    private var count = 0

    mutating func write(_ code: Int, width: Int) {
        bits |= code << count
        count += width
        while count >= 8 {
            bytes.append(UInt8(bits & 0xFF))
            bits >>= 8
            count -= 8
        }
    }

    var finished: [UInt8] { count > 0 ? bytes + [UInt8(bits & 0xFF)] : bytes }

    /// Returns a stream that expands to more than `count` zeros, from few bytes: each code of the
    /// table is one byte longer than the one before, and the last is repeated.
    static func bomb(_ count: Int) -> [UInt8] {
        var packer = BitPacker()
        packer.write(0, width: 9)
        var width = 9
        var total = 1
        for code in 258...4095 {
            packer.write(code, width: width)
            total += code - 256
            if code + 1 == 1 << width, width < 12 { width += 1 }
        }
        while total <= count {
            packer.write(4095, width: 12)
            total += 4095 - 256
        }
        packer.write(257, width: 12)
        return packer.finished
    }
}
