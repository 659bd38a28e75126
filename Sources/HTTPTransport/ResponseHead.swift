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
        if response.status == 200 {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            buffer.writeStaticString("HTTP/1.1 ")
            writeNumber(&buffer, response.status)
            buffer.writeStaticString(" ")
            buffer.writeString(HTTPResponseStatus(statusCode: response.status).reasonPhrase)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeBytes(response.headers.lines)
        if framing.isGzip { buffer.writeStaticString("Content-Encoding: gzip\r\n") }
        if !response.headers.hasVary { buffer.writeStaticString("Vary: Accept-Encoding\r\n") }
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

    private static func writeNumber(_ buffer: inout ByteBuffer, _ number: Int) {
        buffer.writeString(String(number))  // up to 15 digits without an allocation
    }
}
