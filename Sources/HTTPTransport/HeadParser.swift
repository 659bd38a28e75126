import NIOCore

/// Parses the lines of a complete request head.
enum HeadParser {
    /// - Parameter lines: the request line, the fields and the empty line, each with its end.
    static func parse(_ lines: ByteBuffer) throws(RequestFault) -> RequestHead {
        let head = RequestHead()
        let parsed = lines.withUnsafeReadableBytes { bytes in
            RawText.with(bytes) { text in
                Result { () throws(RequestFault) in
                    let start = try requestLine(text, head)
                    return (start, try fields(text.behind(start), head))
                }
            }
        }
        let (start, lengths) = try parsed.get()
        var own = lines
        own.moveReaderIndex(forwardBy: start)
        head.fields = RequestFields(lines: own, lengths: lengths)
        return head
    }

    /// - Returns: the offset of the fields.
    private static func requestLine(
        _ text: RawText, _ head: RequestHead
    ) throws(RequestFault) -> Int {
        guard let feed = text.place(of: 0x0A) else { throw .malformed("") }
        var line = text.first(feed)
        if line.last == 0x0D { line = line.withoutLast() }
        guard let first = line.place(of: 0x20) else { throw .malformed("") }
        let method = line.first(first)
        line = line.behind(first + 1)
        guard let second = line.place(of: 0x20) else { throw .malformed("") }
        let target = line.first(second)
        try version(line.behind(second + 1), head)
        guard !method.isEmpty, method.allSatisfy(ASCII.isToken) else {
            throw .malformed("invalid method")
        }
        guard !target.isEmpty, target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .malformed("invalid request target")
        }
        head.method = method.string
        head.target = target.string
        return feed + 1
    }

    private static func version(_ text: RawText, _ head: RequestHead) throws(RequestFault) {
        guard text.count == 8, text.first(5).equals("HTTP/"), text[0] == UInt8(ascii: "H"),
            text[6] == UInt8(ascii: ".")
        else { throw .malformed("malformed HTTP version") }
        let (major, minor) = (text[5], text[7])
        guard (0x30...0x39).contains(major), (0x30...0x39).contains(minor) else {
            throw .malformed("malformed HTTP version")
        }
        guard major == UInt8(ascii: "1") else { throw .unsupportedVersion }
        head.isOldClient = minor == UInt8(ascii: "0")
    }

    /// - Returns: the set of lengths of the names.
    private static func fields(
        _ lines: RawText, _ head: RequestHead
    ) throws(RequestFault) -> UInt64 {
        var rest = lines
        var lengths: UInt64 = 0
        var count = 0
        var isChunked = false
        while true {
            guard let line = FieldLine(&rest) else { break }
            count += 1
            guard count <= Limits.headerFieldsMax else { throw .headTooLarge }
            guard !line.name.isEmpty, line.name.allSatisfy(ASCII.isToken) else {
                throw .malformed("invalid header name")
            }
            guard line.value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .malformed("invalid header value")
            }
            lengths |= RequestFields.bit(line.name.count)
            try note(line, of: lines, head, &isChunked)
        }
        guard isChunked else { return lengths }
        guard head.body == .none else { throw .malformed("too many framing headers") }
        head.body = .chunked
        return lengths
    }

    /// Records the fields that the transport itself needs.
    private static func note(
        _ line: FieldLine, of lines: RawText, _ head: RequestHead, _ isChunked: inout Bool
    ) throws(RequestFault) {
        switch line.name.count {
        case 4: if line.name.equals("Host") { try host(line.value, of: lines, head) }
        case 6:
            if line.name.equals("Expect") {
                head.expectsContinue = line.value.equals("100-continue")
            }
        case 7: if line.name.equals("Upgrade") { head.asksUpgrade = true }
        case 10: if line.name.equals("Connection") { connection(line.value, head) }
        case 14: if line.name.equals("Content-Length") { try length(line.value, head) }
        case 15:
            if line.name.equals("Accept-Encoding"), let takes = takesGzip(line.value) {
                head.takesGzip = takes
            }
        case 17:
            guard line.name.equals("Transfer-Encoding") else { return }
            guard line.value.equals("chunked"), !isChunked else {
                throw .unsupportedEncoding
            }
            isChunked = true
        default: break
        }
    }

    private static func host(
        _ value: RawText, of lines: RawText, _ head: RequestHead
    ) throws(RequestFault) {
        if head.hasHost { throw .malformed("too many Host headers") }
        head.hasHost = true
        let start = value.start - lines.start
        head.host = start..<(start + value.count)
    }

    private static func connection(_ value: RawText, _ head: RequestHead) {
        for part in value.parts(at: UInt8(ascii: ",")) {
            let word = part.trimmed
            if word.equals("close") { head.asksClose = true }
            if word.equals("keep-alive") { head.asksKeepAlive = true }
        }
    }

    private static func length(_ value: RawText, _ head: RequestHead) throws(RequestFault) {
        guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(value.string)
        else { throw .malformed("bad Content-Length") }
        if case .sized(let other) = head.body, other != length {
            throw .malformed("several Content-Lengths")
        }
        head.body = .sized(length)
    }

    /// Returns nil when the field does not mention gzip.
    private static func takesGzip(_ value: RawText) -> Bool? {
        for item in value.parts(at: UInt8(ascii: ",")) {
            let parts = item.parts(at: UInt8(ascii: ";"))
            guard let coding = parts.first, coding.trimmed.equals("gzip") else { continue }
            return !parts.dropFirst().contains { part in
                let text = part.string.utf8.filter { $0 != 0x20 }
                return text.starts(with: "q=0".utf8) && text.allSatisfy { "q=0.".utf8.contains($0) }
            }
        }
        return nil
    }
}
