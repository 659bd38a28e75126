/// Copies short texts, the bulk of JSON, by whole words, where `memcpy` would spend more on
/// choosing its method. Reads nothing beyond the text.
enum QuickText {
    /// The number of bytes after the end that may be overwritten.
    static let slack = 8

    @inline(__always)
    static func copy(
        _ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
    ) {
        let from = UnsafeRawPointer(source)
        let to = UnsafeMutableRawPointer(target)
        if count >= 8 {
            var position = 0
            while position &+ 8 <= count {
                word(from, to, position, UInt64.self)
                position &+= 8
            }
            if position < count { word(from, to, count &- 8, UInt64.self) }
        } else if count >= 4 {
            word(from, to, 0, UInt32.self)
            word(from, to, count &- 4, UInt32.self)
        } else {
            for position in 0..<count { target[position] = source[position] }
        }
    }

    @inline(__always)
    private static func word<Word: FixedWidthInteger & BitwiseCopyable>(
        _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ position: Int, _ type: Word.Type
    ) {
        let value = from.loadUnaligned(fromByteOffset: position, as: Word.self)
        to.storeBytes(of: value, toByteOffset: position, as: Word.self)
    }

    /// Writes the same byte `count` times, and up to `slack` more.
    @inline(__always)
    static func fill(_ target: UnsafeMutablePointer<UInt8>, _ count: Int, with byte: UInt8) {
        let word = UInt64(byte) &* 0x0101_0101_0101_0101
        let to = UnsafeMutableRawPointer(target)
        var position = 0
        while position < count {
            to.storeBytes(of: word, toByteOffset: position, as: UInt64.self)
            position &+= 8
        }
    }

    /// Copies the text, and returns whether JSON needs no escapes in it.
    @inline(__always)
    static func copyPlain(
        _ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        let from = UnsafeRawPointer(source)
        let to = UnsafeMutableRawPointer(target)
        guard count >= 8 else {
            var isPlain = true
            for position in 0..<count {
                let byte = source[position]
                target[position] = byte
                isPlain = isPlain && JSONEscapes.isPlain(byte) && byte != 0xE2
            }
            return isPlain
        }
        var special: UInt64 = 0
        var position = 0
        while position < count {
            let start = min(position, count &- 8)
            let word = from.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            to.storeBytes(of: word, toByteOffset: start, as: UInt64.self)
            special |= specials(word)
            position &+= 8
        }
        return special & 0x8080_8080_8080_8080 == 0
    }

    /// Returns the number of bytes before the first quote, backslash or control character, and
    /// whether all of them are ASCII.
    static func plainPrefix(
        _ source: UnsafePointer<UInt8>, _ count: Int
    ) -> (count: Int, isASCII: Bool) {
        let from = UnsafeRawPointer(source)
        var seen: UInt64 = 0
        var position = 0
        while position &+ 8 <= count {
            let word = from.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let special =
                ((word &- 0x2020_2020_2020_2020) & ~word) | zero(word ^ 0x2222_2222_2222_2222)
                | zero(word ^ 0x5C5C_5C5C_5C5C_5C5C)
            if special & 0x8080_8080_8080_8080 != 0 { break }
            seen |= word
            position &+= 8
        }
        while position < count {
            let byte = source[position]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
            seen |= UInt64(byte)
            position &+= 1
        }
        return (position, seen & 0x8080_8080_8080_8080 == 0)
    }

    /// Sets the high bit of a byte that is below a blank, one of `"&<>\`, or 0xE2, which may begin
    /// a line separator.
    @inline(__always)
    private static func specials(_ word: UInt64) -> UInt64 {
        let below = (word &- 0x2020_2020_2020_2020) & ~word
        return below | zero(word ^ 0x2222_2222_2222_2222) | zero(word ^ 0x2626_2626_2626_2626)
            | zero((word ^ 0x3C3C_3C3C_3C3C_3C3C) & 0xFDFD_FDFD_FDFD_FDFD)
            | zero(word ^ 0x5C5C_5C5C_5C5C_5C5C) | zero(word ^ 0xE2E2_E2E2_E2E2_E2E2)
    }

    @inline(__always)
    private static func zero(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word
    }
}
