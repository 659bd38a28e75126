import Glibc

/// Bytes of a request's head, in memory that the caller keeps alive while they are read.
///
/// Used instead of slices of collections, which check and count every step: all requests are parsed
/// with it.
struct RawText {
    let start: UnsafePointer<UInt8>
    let count: Int

    init(_ start: UnsafePointer<UInt8>, _ count: Int) {
        self.start = start
        self.count = count
    }

    /// Calls `body` with all bytes.
    static func with<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (RawText) -> Result
    ) -> Result {
        let bytes = bytes.assumingMemoryBound(to: UInt8.self)
        guard let start = bytes.baseAddress else {
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) {
                body(RawText($0.baseAddress!, 0))
            }
        }
        return body(RawText(start, bytes.count))
    }

    var isEmpty: Bool { count == 0 }

    /// - Parameter place: below `count`.
    subscript(_ place: Int) -> UInt8 { start[place] }

    var last: UInt8? { count > 0 ? start[count - 1] : nil }

    /// - Parameter length: at most `count`.
    func first(_ length: Int) -> RawText { RawText(start, length) }
    func behind(_ place: Int) -> RawText { RawText(start + place, count - place) }
    func withoutLast() -> RawText { RawText(start, count - 1) }

    /// Returns the offset of the first such byte, by `memchr`.
    func place(of byte: UInt8) -> Int? {
        guard count > 0, let found = memchr(start, Int32(byte), count) else { return nil }
        return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - start
    }

    func allSatisfy(_ holds: (UInt8) -> Bool) -> Bool {
        for place in 0..<count where !holds(start[place]) { return false }
        return true
    }

    var string: String {
        String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Returns the text without the blanks at both ends.
    var trimmed: RawText {
        var (begin, end) = (0, count)
        while begin < end, ASCII.isBlank(start[begin]) { begin += 1 }
        while end > begin, ASCII.isBlank(start[end - 1]) { end -= 1 }
        return RawText(start + begin, end - begin)
    }

    /// Returns the parts between such bytes, without empty ones.
    func parts(at byte: UInt8) -> [RawText] {
        var parts: [RawText] = []
        var rest = self
        while !rest.isEmpty {
            let end = rest.place(of: byte) ?? rest.count
            if end > 0 { parts.append(rest.first(end)) }
            rest = rest.behind(min(end + 1, rest.count))
        }
        return parts
    }

    /// Compares without case.
    func equals(_ other: StaticString) -> Bool {
        guard count == other.utf8CodeUnitCount else { return false }
        let other = other.utf8Start
        for place in 0..<count
        where ASCII.lowered(start[place]) != ASCII.lowered(other[place]) {
            return false
        }
        return true
    }
}

/// The classes of characters.
enum ASCII {
    static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// `tchar` of RFC 9110, section 5.6.2, for methods and field names: one bit for each character
    /// below 64, and one for each from there to 127.
    static func isToken(_ byte: UInt8) -> Bool {
        let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return byte < 128 && bits &>> UInt64(byte & 63) & 1 != 0
    }
}
