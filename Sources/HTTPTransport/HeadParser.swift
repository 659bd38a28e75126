import NIOCore

/// Reads the lines of a request's head, all of which are there.
enum HeadParser {
    private typealias Text = Slice<UnsafeRawBufferPointer>

    /// - Parameter lines: the request line, the fields and the empty line, each with its end.
    static func parse(_ lines: ByteBuffer) throws(RequestFault) -> RequestHead {
        let head = RequestHead()
        var fault: RequestFault?
        var lengths: UInt64 = 0
        let start = lines.withUnsafeReadableBytes { bytes -> Int in
            do throws(RequestFault) {
                var rest = bytes[...]
                try requestLine(&rest, head)
                let start = rest.startIndex
                lengths = try Self.fields(rest, head)
                return start
            } catch {
                fault = error
                return 0
            }
        }
        if let fault { throw fault }
        var own = lines
        own.moveReaderIndex(forwardBy: start)
        head.fields = RequestFields(lines: own, lengths: lengths)
        return head
    }

    private static func requestLine(
        _ rest: inout Text, _ head: RequestHead
    ) throws(RequestFault) {
        guard let feed = rest.place(of: 0x0A) else { throw .malformed("") }
        var line = rest[rest.startIndex..<feed]
        rest = rest[(feed + 1)...]
        if line.last == 0x0D { line.removeLast() }
        guard let first = line.place(of: 0x20) else { throw .malformed("") }
        let method = line[..<first]
        line = line[(first + 1)...]
        guard let second = line.place(of: 0x20) else { throw .malformed("") }
        let target = line[..<second]
        try version(line[(second + 1)...], head)
        guard !method.isEmpty, method.allSatisfy(ASCII.isToken) else {
            throw .malformed("invalid method")
        }
        guard !target.isEmpty, target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .malformed("invalid request target")
        }
        head.method = String(decoding: method, as: UTF8.self)
        head.target = String(decoding: target, as: UTF8.self)
    }

    private static func version(_ text: Text, _ head: RequestHead) throws(RequestFault) {
        guard text.count == 8, ASCII.equal(text.prefix(5), "HTTP/"),
            text[text.startIndex] == UInt8(ascii: "H"), text[text.startIndex + 6] == 0x2E
        else { throw .malformed("malformed HTTP version") }
        let (major, minor) = (text[text.startIndex + 5], text[text.startIndex + 7])
        guard (0x30...0x39).contains(major), (0x30...0x39).contains(minor) else {
            throw .malformed("malformed HTTP version")
        }
        guard major == UInt8(ascii: "1") else { throw .unsupportedVersion }
        head.isOldClient = minor == UInt8(ascii: "0")
    }

    /// - Returns: which lengths the names have.
    private static func fields(
        _ lines: Text, _ head: RequestHead
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
            try note(line, head, &isChunked)
        }
        guard isChunked else { return lengths }
        guard head.body == .none else { throw .malformed("too many framing headers") }
        head.body = .chunked
        return lengths
    }

    /// What the transport itself must know of a field.
    private static func note(
        _ line: FieldLine, _ head: RequestHead, _ isChunked: inout Bool
    ) throws(RequestFault) {
        switch line.name.count {
        case 4: if line.isNamed("Host") { try host(head) }
        case 6:
            if line.isNamed("Expect") {
                head.expectsContinue = ASCII.equal(line.value, "100-continue")
            }
        case 7: if line.isNamed("Upgrade") { head.asksUpgrade = true }
        case 10: if line.isNamed("Connection") { connection(line.value, head) }
        case 14: if line.isNamed("Content-Length") { try length(line.value, head) }
        case 15:
            if line.isNamed("Accept-Encoding"), let takes = takesGzip(line.value) {
                head.takesGzip = takes
            }
        case 17:
            guard line.isNamed("Transfer-Encoding") else { return }
            guard ASCII.equal(line.value, "chunked"), !isChunked else {
                throw .unsupportedEncoding
            }
            isChunked = true
        default: break
        }
    }

    private static func host(_ head: RequestHead) throws(RequestFault) {
        if head.hasHost { throw .malformed("too many Host headers") }
        head.hasHost = true
    }

    private static func connection(_ value: Text, _ head: RequestHead) {
        for token in value.split(separator: UInt8(ascii: ",")) {
            let name = token.drop { $0 == 0x20 }
            var end = name.endIndex
            while end > name.startIndex, name[end - 1] == 0x20 { end -= 1 }
            let word = name[..<end]
            if ASCII.equal(word, "close") { head.asksClose = true }
            if ASCII.equal(word, "keep-alive") { head.asksKeepAlive = true }
        }
    }

    private static func length(_ value: Text, _ head: RequestHead) throws(RequestFault) {
        guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(String(decoding: value, as: UTF8.self))
        else { throw .malformed("bad Content-Length") }
        if case .sized(let other) = head.body, other != length {
            throw .malformed("several Content-Lengths")
        }
        head.body = .sized(length)
    }

    /// Nil when gzip is not spoken of.
    private static func takesGzip(_ value: Text) -> Bool? {
        for item in value.split(separator: UInt8(ascii: ",")) {
            let parts = item.split(separator: UInt8(ascii: ";"))
            guard let coding = parts.first else { continue }
            var name = coding.drop { $0 == 0x20 }
            while name.last == 0x20 { name.removeLast() }
            guard ASCII.equal(name, "gzip") else { continue }
            return !parts.dropFirst().contains { part in
                let text = part.filter { $0 != 0x20 }
                return text.starts(with: "q=0".utf8) && text.allSatisfy { "q=0.".utf8.contains($0) }
            }
        }
        return nil
    }
}
