import Glibc
import NIOCore

/// Parses requests from a connection's bytes (RFC 9112), however they are split.
///
/// Our own instead of a library's, since every request pays for it (the design page has the
/// measurement). It is strict where two parsers of
/// one stream could disagree: a length together with chunks, several lengths, blanks before a
/// colon, folded lines and control characters are refused.
struct RequestParser {
    enum Event {
        /// With `.none` for its body it is the complete request: no `.end` follows.
        case head(RequestHead)
        /// The number of bytes at the front of the input that belong to the body: the caller
        /// removes them.
        case body(Int)
        case end
    }

    private enum State {
        case head
        case sized(left: Int)
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers(read: Int)
    }

    private var state = State.head
    private let headBytesMax: Int
    /// The scanned length of the input, and the offset of its newest line: no byte is scanned
    /// twice, however slowly they arrive.
    private var searched = 0
    private var lineStart = 0

    init(headBytesMax: Int) { self.headBytesMax = headBytesMax }

    /// Returns the next event; nil when it needs more bytes.
    mutating func next(_ input: inout ByteBuffer) throws(RequestFault) -> Event? {
        while true {
            switch state {
            case .head: return try head(&input)
            case .sized(let left):
                guard left > 0 else {
                    state = .head
                    return .end
                }
                let count = min(left, input.readableBytes)
                guard count > 0 else { return nil }
                state = .sized(left: left - count)
                return .body(count)
            case .chunkSize:
                guard let size = try chunkSize(&input) else { return nil }
                state = size > 0 ? .chunk(left: size) : .trailers(read: 0)
            case .chunk(let left):
                guard left > 0 else {
                    state = .chunkEnd
                    continue
                }
                let count = min(left, input.readableBytes)
                guard count > 0 else { return nil }
                state = .chunk(left: left - count)
                return .body(count)
            case .chunkEnd:
                guard let line = try Self.line(&input, max: 2) else { return nil }
                guard line.readableBytes == 0 else {
                    throw .malformed("malformed chunked encoding")
                }
                state = .chunkSize
            case .trailers(let read):
                guard let line = try Self.line(&input, max: headBytesMax) else { return nil }
                if line.readableBytes == 0 {
                    state = .head
                    return .end
                }
                guard read + line.readableBytes <= headBytesMax else { throw .headTooLarge }
                state = .trailers(read: read + line.readableBytes)
            }
        }
    }

    /// True between requests: no byte of the next one was read.
    var isIdle: Bool {
        if case .head = state { return searched == 0 }
        return false
    }

    // MARK: Head

    private mutating func head(_ input: inout ByteBuffer) throws(RequestFault) -> Event? {
        guard let count = headEnd(&input) else {
            if input.readableBytes > headBytesMax { throw .headTooLarge }
            // The hello of a TLS client need not contain a line end.
            if let first = input.getInteger(at: input.readerIndex, as: UInt8.self),
                !ASCII.isToken(first), first != 0x0D
            {
                throw .malformed("")
            }
            return nil
        }
        searched = 0
        lineStart = 0
        guard count <= headBytesMax else { throw .headTooLarge }
        guard let lines = input.readSlice(length: count) else { return nil }
        let head = try HeadParser.parse(lines)
        switch head.body {
        case .none: break
        case .sized(let length): state = .sized(left: length)
        case .chunked: state = .chunkSize
        }
        return .head(head)
    }

    /// Returns the length of the head at the front of the input, its empty line included; skips
    /// empty lines before it.
    private mutating func headEnd(_ input: inout ByteBuffer) -> Int? {
        while true {
            let readable = input.readableBytes
            let feed = input.withUnsafeReadableBytes { bytes -> Int? in
                guard readable > searched, let base = bytes.baseAddress,
                    let found = memchr(base + searched, 0x0A, readable - searched)
                else { return nil }
                return UnsafeRawPointer(found) - base
            }
            guard let feed else {
                searched = readable
                return nil
            }
            let start = input.readerIndex + lineStart
            let length = feed - lineStart
            let isEmpty =
                length == 0 || length == 1 && input.getInteger(at: start, as: UInt8.self) == 0x0D
            searched = feed + 1
            if isEmpty && lineStart == 0 {
                input.moveReaderIndex(forwardBy: searched)
                searched = 0
                continue
            }
            lineStart = searched
            if isEmpty { return searched }
        }
    }

    // MARK: Chunks

    private mutating func chunkSize(_ input: inout ByteBuffer) throws(RequestFault) -> Int? {
        guard let line = try Self.line(&input, max: Limits.chunkLineBytesMax) else { return nil }
        let text = line.readableBytesView
        let digits = text.prefix { Self.hexDigit($0) != nil }
        let behind = text.dropFirst(digits.count).first
        let isExtension = behind.map { $0 == UInt8(ascii: ";") || $0 == 0x20 || $0 == 0x09 } ?? true
        guard (1...15).contains(digits.count), isExtension else {
            throw .malformed("invalid byte in chunk length")
        }
        return digits.reduce(0) { $0 << 4 | (Self.hexDigit($1) ?? 0) }
    }

    /// Removes a line and its end from the input.
    private static func line(
        _ input: inout ByteBuffer, max: Int
    ) throws(RequestFault) -> ByteBuffer? {
        let view = input.readableBytesView.prefix(max + 2)
        guard let feed = view.firstIndex(of: 0x0A) else {
            if view.count >= max { throw .malformed("line too long") }
            return nil
        }
        let count = feed - view.startIndex
        let hasReturn = count > 0 && view[feed - 1] == 0x0D
        let line = input.readSlice(length: hasReturn ? count - 1 : count)
        input.moveReaderIndex(forwardBy: hasReturn ? 2 : 1)
        return line
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x41 + 10
        case 0x61...0x66: Int(byte) - 0x61 + 10
        default: nil
        }
    }
}
