import NIOCore
import NIOEmbedded
import NIOHTTP1
import Primitives
import Testing

@testable import HTTPTransport

/// Compares the parser with NIO's on random requests, whole and mutated, split anywhere.
@Suite struct RequestParserTests {
    /// A parser's result for a stream: requests with their bodies, then the refusal if any.
    struct Reading: Equatable, CustomStringConvertible {
        struct Request: Equatable {
            var line: String
            var fields: [String]
            var body: [UInt8]
        }
        var requests: [Request] = []
        var isRefused = false
        var description: String {
            requests.map { "\($0.line) \($0.fields) \($0.body.count)" }.joined(separator: " | ")
                + (isRefused ? " | refused" : "")
        }
    }

    static let names: [StaticString] = [
        "Host", "Content-Length", "Transfer-Encoding", "X-Consul-Token", "Accept-Encoding",
    ]

    static func ours(_ parts: [[UInt8]]) -> Reading {
        var parser = RequestParser(headBytesMax: 65536)
        var input = ByteBuffer()
        var reading = Reading()
        for part in parts {
            input.writeBytes(part)
            do throws(RequestFault) {
                while let event = try parser.next(&input) {
                    switch event {
                    case .head(let head):
                        let fields = names.compactMap { head.fields.first(name: $0) }
                        reading.requests.append(
                            .init(line: "\(head.method) \(head.target)", fields: fields, body: []))
                    case .body(let count):
                        let last = reading.requests.count - 1
                        reading.requests[last].body += input.readBytes(length: count) ?? []
                    case .end: break
                    }
                }
            } catch {
                reading.isRefused = true
                return reading
            }
        }
        return reading
    }

    static func theirs(_ parts: [[UInt8]]) throws -> Reading {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        var reading = Reading()
        for part in parts {
            do {
                try channel.writeInbound(ByteBuffer(bytes: part))
            } catch {
                reading.isRefused = true
            }
            while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
                switch part {
                case .head(let head):
                    let fields = names.compactMap { name in
                        head.headers.first(name: "\(name)").map { field in
                            // NIO leaves blanks at the end; RFC 9112 (5.1) requires their removal.
                            String(field.reversed().drop { $0 == " " }.reversed())
                        }
                    }
                    reading.requests.append(
                        .init(
                            line: "\(head.method.rawValue) \(head.uri)", fields: fields, body: []))
                case .body(let buffer):
                    reading.requests[reading.requests.count - 1].body += buffer.readableBytesView
                case .end: break
                }
            }
            if reading.isRefused { break }
        }
        _ = try? channel.finish()
        return reading
    }

    static func request(_ random: inout SeededRandom) -> [UInt8] {
        let methods = ["GET", "PUT", "DELETE", "POST", "OPTIONS", "HEAD"]
        let method = methods[Int(random.next() % UInt64(methods.count))]
        var text = "\(method) /v1/kv/k\(random.next() % 1000)?raw&x=%20 HTTP/1.1\r\nHost: a:1\r\n"
        if random.next() % 3 == 0 { text += "X-Consul-Token:  secret  \r\n" }
        if random.next() % 3 == 0 { text += "accept-encoding: gzip;q=1.0, identity\r\n" }
        let body = String(repeating: "b", count: Int(random.next() % 40))
        switch random.next() % 3 {
        case 0: text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        case 1 where !body.isEmpty:
            let half = body.utf8.count / 2
            text += "Transfer-Encoding: chunked\r\n\r\n"
            for size in [half, body.utf8.count - half] where size > 0 {
                let piece = String(repeating: "b", count: size)
                text += "\(String(size, radix: 16));x=y\r\n\(piece)\r\n"
            }
            text += random.next() % 2 == 0 ? "0\r\n\r\n" : "0\r\nTrailer: t\r\n\r\n"
        default: text += "\r\n"
        }
        return Array(text.utf8)
    }

    static func split(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        var rest = bytes[...]
        var parts: [[UInt8]] = []
        while !rest.isEmpty {
            let count = min(rest.count, 1 + Int(random.next() % 60))
            parts.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return parts
    }

    @Test func wholeRequestsAreReadAsByNIO() throws {
        var random = SeededRandom(seed: 1)
        for _ in 0..<2000 {
            var stream: [UInt8] = []
            for _ in 0...(random.next() % 4) { stream += Self.request(&random) }
            let parts = Self.split(stream, &random)
            let (ours, theirs) = (Self.ours(parts), try Self.theirs(parts))
            #expect(ours == theirs, "\(String(decoding: stream, as: UTF8.self))")
            #expect(!ours.isRefused)
        }
    }

    /// Requests that both parsers accept have the same meaning: none is smuggled past one of two
    /// readers.
    @Test func mutatedRequestsAreNeverReadOtherwise() throws {
        var random = SeededRandom(seed: 2)
        var bothTaken = 0
        let bytes: [UInt8] = Array("\r\n :;,0a\u{0}\u{7F}\u{B}".utf8) + [0x80, 0xFF]
        for _ in 0..<6000 {
            var stream = Self.request(&random) + Self.request(&random)
            for _ in 0...(random.next() % 3) {
                let place = Int(random.next() % UInt64(stream.count))
                let byte = bytes[Int(random.next() % UInt64(bytes.count))]
                switch random.next() % 3 {
                case 0: stream[place] = byte
                case 1: stream.insert(byte, at: place)
                default: stream.remove(at: place)
                }
            }
            let parts = Self.split(stream, &random)
            let (ours, theirs) = (Self.ours(parts), try Self.theirs(parts))
            if ours.isRefused || theirs.isRefused { continue }
            bothTaken += 1
            #expect(ours == theirs, "\(String(decoding: stream, as: UTF8.self).debugDescription)")
        }
        #expect(bothTaken > 1000)
    }

    @Test(arguments: [
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", RequestFault.unsupportedVersion),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", .unsupportedEncoding),
        (
            "PUT / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            .malformed("too many framing headers")
        ),
        (
            "PUT / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            .malformed("several Content-Lengths")
        ),
        ("PUT / HTTP/1.1\r\nContent-Length: +3\r\n\r\n", .malformed("bad Content-Length")),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .malformed("too many Host headers")),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .malformed("invalid header name")),
        ("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", .malformed("invalid header name")),
        ("GET / HTTP/1.1\r\nA: b\u{0}c\r\n\r\n", .malformed("invalid header value")),
        ("GET /a b HTTP/1.1\r\n\r\n", .malformed("malformed HTTP version")),
        ("G(T / HTTP/1.1\r\n\r\n", .malformed("invalid method")),
        ("GET /\u{1} HTTP/1.1\r\n\r\n", .malformed("invalid request target")),
    ])
    func whatTwoReadersCouldTakeDifferentlyIsRefused(text: String, fault: RequestFault) {
        for split in 0...1 {
            var parser = RequestParser(headBytesMax: 4096)
            var input = ByteBuffer()
            var found: RequestFault?
            for part in split == 0 ? [Array(text.utf8)] : text.utf8.map({ [$0] }) {
                input.writeBytes(part)
                do throws(RequestFault) {
                    while try parser.next(&input) != nil {}
                } catch {
                    found = error
                    break
                }
            }
            #expect(found == fault)
        }
    }

    @Test func headsAreBoundedHoweverTheyCome() {
        let long = "GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: 5000)
        for text in [long, long + "\r\n\r\n", String(repeating: "A: b\r\n", count: 2000)] {
            for size in [1, 100, 100_000] {
                var parser = RequestParser(headBytesMax: 4096)
                var input = ByteBuffer()
                var found: RequestFault?
                var rest = Array(text.utf8)[...]
                while !rest.isEmpty, found == nil {
                    input.writeBytes(rest.prefix(size))
                    rest = rest.dropFirst(size)
                    do throws(RequestFault) { _ = try parser.next(&input) } catch { found = error }
                }
                #expect(found == .headTooLarge)
            }
        }
    }
}
