import Glibc
import NIOCore

/// The head of a request (RFC 9112, section 2), and the framing of its body. Only for its
/// connection's loop.
final class RequestHead {
    enum Body: Hashable {
        case none
        /// `Content-Length`.
        case sized(Int)
        case chunked
    }

    var method = ""
    /// The request target as sent.
    var target = ""
    var isOldClient = false  // HTTP/1.0
    var fields = RequestFields()
    var body = Body.none
    var hasHost = false
    /// The `Host` value within the bytes of `fields`.
    var host = 0..<0
    /// True for a method that changes nothing (RFC 9110, section 9.2.1).
    var isSafe: Bool { method == "GET" || method == "HEAD" || method == "OPTIONS" }
    /// `Connection` requests the end, or to keep the connection.
    var asksClose = false
    var asksKeepAlive = false
    var asksUpgrade = false
    var expectsContinue = false
    var takesGzip = false

    var path: Substring {
        target.queryMark.map { target[..<$0] } ?? target[...]
    }
}

/// The header fields of a request, stored as the received lines, because few of them are ever read.
package struct RequestFields: Sendable, ExpressibleByDictionaryLiteral {
    /// Checked lines, each with its end: `Name: value`.
    private var lines: ByteBuffer
    /// One bit for each length of a name, from 1 to 63: most searches end with a test of it.
    private var lengths: UInt64

    package init() { self.init(lines: ByteBuffer(), lengths: 0) }

    init(lines: ByteBuffer, lengths: UInt64) {
        self.lines = lines
        self.lengths = lengths
    }

    static func bit(_ length: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: min(length, 63)) }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements {
            lines.writeString("\(name): \(value)\r\n")
            lengths |= Self.bit(name.utf8.count)
        }
    }

    /// Returns true when the bytes at `range` are `other`.
    func holds(_ other: [UInt8], at range: Range<Int>) -> Bool {
        guard other.count == range.count else { return false }
        return lines.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return other.isEmpty }
            return other.withUnsafeBytes { other in
                guard let start = other.baseAddress else { return true }
                return memcmp(base + range.lowerBound, start, other.count) == 0
            }
        }
    }

    func bytes(at range: Range<Int>) -> [UInt8] {
        lines.getBytes(at: lines.readerIndex + range.lowerBound, length: range.count) ?? []
    }

    /// Returns the value of the first field of that name, without blanks around it. Names are
    /// compared without case.
    package func first(name: StaticString) -> String? { all(name: name, countMax: 1).first }

    /// Returns the parts between commas of all fields of that name, without the blanks around them.
    package func list(name: StaticString) -> [String] {
        all(name: name, countMax: .max).flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).map { part in
                let text = part.drop { $0 == 0x20 || $0 == 0x09 }
                let blanks = text.reversed().prefix { $0 == 0x20 || $0 == 0x09 }.count
                return String(Substring(text.dropLast(blanks)))
            }
        }
    }

    private func all(name: StaticString, countMax: Int) -> [String] {
        if lengths & Self.bit(name.utf8CodeUnitCount) == 0 { return [] }
        return lines.withUnsafeReadableBytes { bytes in
            RawText.with(bytes) { text in
                var found: [String] = []
                var rest = text
                while found.count < countMax, let line = FieldLine(&rest) {
                    if line.name.equals(name) { found.append(line.value.string) }
                }
                return found
            }
        }
    }
}

/// One header line, removed from the front of the rest.
struct FieldLine {
    let name: RawText
    let value: RawText

    /// Returns nil at the end, or at the empty line that ends a head. A line without a colon has an
    /// empty name.
    init?(_ rest: inout RawText) {
        guard let feed = rest.place(of: 0x0A) else { return nil }
        var line = rest.first(feed)
        rest = rest.behind(feed + 1)
        if line.last == 0x0D { line = line.withoutLast() }
        if line.isEmpty { return nil }
        guard let colon = line.place(of: UInt8(ascii: ":")) else {
            name = line.first(0)
            value = line
            return
        }
        name = line.first(colon)
        value = line.behind(colon + 1).trimmed
    }
}
