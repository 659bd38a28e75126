import NIOCore

/// What stands before the body of a request (RFC 9112, section 2), and how its body is framed. Only
/// for its connection's loop.
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
    /// `Connection` asks for the end, or for going on.
    var asksClose = false
    var asksKeepAlive = false
    var asksUpgrade = false
    var expectsContinue = false
    var takesGzip = false

    var path: Substring {
        target.queryMark.map { target[..<$0] } ?? target[...]
    }
}

/// The header fields of a request, kept as the lines that came: few of them are ever asked for.
package struct RequestFields: Sendable, ExpressibleByDictionaryLiteral {
    /// Checked lines, each with its end: `Name: value`.
    private var lines: ByteBuffer
    /// A bit for each length that a name has, from 1 to 63: most searches end with a look at it.
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

    /// The value of the first field of that name, which is compared without case; blanks around it
    /// are gone.
    package func first(name: StaticString) -> String? { all(name: name, countMax: 1).first }

    /// The parts between commas of all fields of that name, without the blanks around them.
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
            var found: [String] = []
            var rest = bytes[...]
            while found.count < countMax, let line = FieldLine(&rest) {
                if line.isNamed(name) { found.append(String(decoding: line.value, as: UTF8.self)) }
            }
            return found
        }
    }
}

/// One header line, cut off the front of what is left.
struct FieldLine {
    var name: Slice<UnsafeRawBufferPointer>
    var value: Slice<UnsafeRawBufferPointer>

    /// Nil at the end, or at the empty line that ends a head. A line without a colon has an empty
    /// name.
    init?(_ rest: inout Slice<UnsafeRawBufferPointer>) {
        guard let feed = rest.place(of: 0x0A) else { return nil }
        var line = rest[rest.startIndex..<feed]
        rest = rest[(feed + 1)...]
        if line.last == 0x0D { line.removeLast() }
        if line.isEmpty { return nil }
        guard let colon = line.place(of: UInt8(ascii: ":")) else {
            name = line[line.startIndex..<line.startIndex]
            value = line
            return
        }
        name = line[..<colon]
        value = Self.trimmed(line[(colon + 1)...])
    }

    private static func trimmed(
        _ text: Slice<UnsafeRawBufferPointer>
    ) -> Slice<UnsafeRawBufferPointer> {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }

    func isNamed(_ other: StaticString) -> Bool { ASCII.equal(name, other) }
}

/// Comparisons without case.
enum ASCII {
    static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    static func equal(_ text: Slice<UnsafeRawBufferPointer>, _ other: StaticString) -> Bool {
        guard text.count == other.utf8CodeUnitCount else { return false }
        var place = other.utf8Start
        for byte in text {
            if lowered(byte) != lowered(place.pointee) { return false }
            place += 1
        }
        return true
    }

    /// `tchar` of RFC 9110, section 5.6.2: what methods and field names are made of.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "!"), 0x23...0x27, UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "."), 0x5E...0x60, UInt8(ascii: "|"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
