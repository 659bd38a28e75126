import NIOCore
import NIOHTTP1

/// Writes the head of a response as Go does.
enum ResponseHead {
    struct Framing {
        var isOldClient = false  // HTTP/1.0
        var closes = false
        var contentLength: Int?
        var isChunked = false
        var isGzip = false
    }

    static func write(
        _ buffer: inout ByteBuffer, _ response: HTTPResponse, _ framing: Framing, date: [UInt8]
    ) {
        buffer.writeStaticString("HTTP/1.1 ")
        writeNumber(&buffer, response.status)
        buffer.writeStaticString(" ")
        buffer.writeString(HTTPResponseStatus(statusCode: response.status).reasonPhrase)
        buffer.writeStaticString("\r\n")
        var hasVary = false
        for (name, value) in response.headers {
            if isOurs(name) { continue }
            if name.utf8.count == 4 && name.lowercased() == "vary" {
                hasVary = true
                if value.isEmpty { continue }  // asks for none at all
            }
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            writeValue(&buffer, value)
            buffer.writeStaticString("\r\n")
        }
        if framing.isGzip { buffer.writeStaticString("Content-Encoding: gzip\r\n") }
        if !hasVary { buffer.writeStaticString("Vary: Accept-Encoding\r\n") }
        buffer.writeBytes(date)
        if let length = framing.contentLength {
            buffer.writeStaticString("Content-Length: ")
            writeNumber(&buffer, length)
            buffer.writeStaticString("\r\n")
        }
        if framing.isChunked { buffer.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if framing.closes {
            buffer.writeStaticString("Connection: close\r\n")
        } else if framing.isOldClient {
            buffer.writeStaticString("Connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// Framing is ours alone: a handler that set it could split the response.
    private static func isOurs(_ name: String) -> Bool {
        switch name.utf8.count {
        case 10: name.lowercased() == "connection"
        case 14: name.lowercased() == "content-length"
        case 17: name.lowercased() == "transfer-encoding"
        default: false
        }
    }

    private static func writeValue(_ buffer: inout ByteBuffer, _ value: String) {
        let isClean = value.utf8.allSatisfy { $0 >= 0x20 || $0 == UInt8(ascii: "\t") }
        if isClean {
            buffer.writeString(value)
        } else {
            buffer.writeBytes(value.utf8.map { $0 >= 0x20 ? $0 : 0x20 })
        }
    }

    private static func writeNumber(_ buffer: inout ByteBuffer, _ number: Int) {
        buffer.writeString(String(number))  // up to 15 digits without an allocation
    }
}
