import NIOCore
import Primitives

/// Parses an HTTP/1 response as its bytes arrive, as leniently as Go's client: a bare line feed
/// ends a line, the head's bound is the only bound of fields, a body may end early.
///
/// Pure: the owner feeds bytes, and calls `end` when the connection is over.
struct ResponseReader {
    enum Failure: Error, Hashable, Sendable {
        /// The payload is the first line as received.
        case malformedResponse(String)
        case malformedStatus(String)
        case malformedVersion(String)
        case headTooLong
        /// The connection ended before the head did; `isEmpty` when nothing was received.
        case endedEarly(isEmpty: Bool)
    }

    private enum State {
        case head
        case length(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case untilClose
        case done
    }

    /// A response to HEAD has no body, whatever its fields are.
    let isHead: Bool
    /// A proxy's answer to CONNECT: the bytes after the head do not belong to it.
    let isConnect: Bool
    private var state = State.head
    private var line: [UInt8] = []
    private var headBytes = 0
    private var hasStatusLine = false
    private(set) var status = 0
    private(set) var reason = ""
    /// In order of arrival; names as written.
    private(set) var fields: [(name: String, value: String)] = []

    init(isHead: Bool, isConnect: Bool = false) {
        self.isHead = isHead
        self.isConnect = isConnect
    }

    var hasHead: Bool { if case .head = state { false } else { true } }
    var isDone: Bool { if case .done = state { true } else { false } }

    /// - Parameter body: receives each piece of the body.
    mutating func read(
        _ bytes: UnsafeRawBufferPointer, body: (UnsafeRawBufferPointer) -> Void
    ) throws(Failure) {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .head: try readHead(&rest)
            case .length(let left), .chunk(let left):
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(left))
                body(piece)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
                advance(left - piece.count)
            case .untilClose:
                body(rest)
                return
            case .chunkSize, .chunkEnd: readChunkLine(&rest)
            case .done: return
            }
        }
    }

    /// Records the end of the connection.
    func end() throws(Failure) {
        if !hasHead { throw .endedEarly(isEmpty: headBytes == 0) }
    }

    func field(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }

    private mutating func advance(_ left: Int) {
        if case .chunk = state {
            state = left > 0 ? .chunk(left) : .chunkEnd
        } else {
            state = left > 0 ? .length(left) : .done
        }
    }

    /// Removes a line from `rest`; returns nil, and keeps the bytes, while its end has not arrived.
    private mutating func takeLine(_ rest: inout UnsafeRawBufferPointer) -> [UInt8]? {
        let end = rest.firstIndex(of: 0x0A)
        line += rest[..<(end ?? rest.endIndex)]
        headBytes += end.map { $0 + 1 } ?? rest.count
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(end.map { $0 + 1 } ?? rest.count))
        guard end != nil else { return nil }
        defer { line = [] }
        if line.last == 0x0D { line.removeLast() }
        return line
    }

    // MARK: Head

    private mutating func readHead(_ rest: inout UnsafeRawBufferPointer) throws(Failure) {
        while !rest.isEmpty {
            let isWhole = takeLine(&rest)
            // Judges a line before its end: the greeting of another protocol may have none.
            if !hasStatusLine { try refuseForeign(isWhole ?? line) }
            if headBytes > Limits.responseHeadBytesMax { throw .headTooLong }
            guard let text = isWhole else { return }
            if !hasStatusLine {
                try readStatus(text)
                hasStatusLine = true
            } else if text.isEmpty {
                finishHead()
                return
            } else if let colon = text.firstIndex(of: 0x3A) {
                let value = String(decoding: text[(colon + 1)...], as: UTF8.self)
                fields.append(
                    (
                        String(decoding: text[..<colon], as: UTF8.self),
                        String(value.drop { $0 == " " || $0 == "\t" })
                    ))
            }
        }
    }

    private func refuseForeign(_ start: [UInt8]) throws(Failure) {
        if !start.starts(with: Array("HTTP/".utf8).prefix(start.count)) {
            throw .malformedResponse(Self.shown(start))
        }
    }

    private mutating func readStatus(_ text: [UInt8]) throws(Failure) {
        let parts = text.split(
            separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 2 else { throw .malformedResponse(Self.shown(text)) }
        let version = parts[0].dropFirst(5).split(separator: ".").map { UInt8($0) }
        guard version.count == 2, version.allSatisfy({ $0 != nil }) else {
            throw .malformedVersion(Self.shown(Array(parts[0].utf8)))
        }
        guard parts[1].utf8.count == 3, let code = Int(parts[1]), code >= 100 else {
            throw .malformedStatus(Self.shown(Array(parts[1].utf8)))
        }
        status = code
        reason = parts.count > 2 ? parts[2] : ""
    }

    private mutating func finishHead() {
        // A 1xx other than 101 precedes the response itself.
        if (100..<200).contains(status), status != 101 {
            hasStatusLine = false
            fields = []
            return
        }
        state = bodyState()
    }

    private func bodyState() -> State {
        if isHead || isConnect || status == 204 || status == 304 || status == 101 { return .done }
        if field("transfer-encoding")?.lowercased().hasSuffix("chunked") ?? false {
            return .chunkSize
        }
        guard let length = field("content-length").flatMap({ Int($0) }), length >= 0 else {
            return .untilClose
        }
        return length == 0 ? .done : .length(length)
    }

    // MARK: Chunks

    private mutating func readChunkLine(_ rest: inout UnsafeRawBufferPointer) {
        guard let text = takeLine(&rest) else {
            // A line without an end is not a chunk's; the body ends here.
            if line.count > Limits.chunkLineBytesMax { state = .done }
            return
        }
        if case .chunkEnd = state {
            state = .chunkSize
            if text.isEmpty { return }
        }
        let digits = text.prefix { $0 != 0x3B && $0 != 0x20 }
        let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
        state = size > 0 ? .chunk(size) : .done
    }

    /// Quotes as Go does, truncated to the length of a message.
    private static func shown(_ text: [UInt8]) -> String {
        GoText.quoted(String(decoding: text.prefix(80), as: UTF8.self))
    }
}

extension ResponseReader.Failure {
    /// Go's text after `Get "URL": `.
    var reason: String {
        let broken = "net/http: HTTP/1.x transport connection broken: "
        return switch self {
        case .malformedResponse(let line): broken + "malformed HTTP response \(line)"
        case .malformedStatus(let code): broken + "malformed HTTP status code \(code)"
        case .malformedVersion(let version): broken + "malformed HTTP version \(version)"
        case .headTooLong:
            "net/http: server response headers exceeded \(Limits.responseHeadBytesMax) bytes; "
                + "aborted"
        case .endedEarly(isEmpty: true): "EOF"
        case .endedEarly(isEmpty: false): "unexpected EOF"
        }
    }
}
