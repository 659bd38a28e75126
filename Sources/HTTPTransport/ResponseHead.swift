import Glibc
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

    /// The bytes of all lines except the response's own.
    private static let fixedBytesMax = 320

    /// - Parameters:
    ///   - date: the line of the date.
    ///   - body: goes behind the head.
    static func write(
        _ buffer: inout ByteBuffer, _ response: HTTPResponse, _ framing: Framing, date: [UInt8],
        body: [UInt8] = []
    ) {
        let lines = response.headers.lines
        let room = fixedBytesMax + lines.count + date.count + body.count
        // Checks the capacity once for the whole head, since every answer is written here.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
            var end = End(place: space.baseAddress!)
            statusLine(&end, response.status)
            end.put(lines)
            if framing.isGzip { end.put("Content-Encoding: gzip\r\n") }
            if !response.headers.hasVary { end.put("Vary: Accept-Encoding\r\n") }
            end.put(date)
            if let length = framing.contentLength {
                end.put("Content-Length: ")
                end.put(number: length)
                end.put("\r\n")
            }
            if framing.isChunked { end.put("Transfer-Encoding: chunked\r\n") }
            if framing.closes {
                end.put("Connection: close\r\n")
            } else if framing.isOldClient {
                end.put("Connection: keep-alive\r\n")
            }
            end.put("\r\n")
            end.put(body)
            return end.place - space.baseAddress!
        }
    }

    private static func statusLine(_ end: inout End, _ status: Int) {
        if status == 200 { return end.put("HTTP/1.1 200 OK\r\n") }
        end.put("HTTP/1.1 ")
        end.put(number: status)
        end.put(" ")
        // The longest known reason has 31 characters.
        end.put(Array(reason(of: status).utf8.prefix(64)))
        end.put("\r\n")
    }

    /// Uses Go's reasons, some of which are those of an older RFC.
    private static func reason(of status: Int) -> String {
        status == 413
            ? "Request Entity Too Large" : HTTPResponseStatus(statusCode: status).reasonPhrase
    }

    /// The position of the next byte. The owner has checked the capacity.
    private struct End {
        var place: UnsafeMutableRawPointer

        mutating func put(_ text: StaticString) {
            memcpy(place, text.utf8Start, text.utf8CodeUnitCount)
            place += text.utf8CodeUnitCount
        }

        mutating func put(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return }
                memcpy(place, start, bytes.count)
            }
            place += bytes.count
        }

        /// - Parameter number: at least zero.
        mutating func put(number: Int) {
            var count = 1
            var bound = number / 10
            while bound > 0 {
                count += 1
                bound /= 10
            }
            var rest = number
            for at in stride(from: count - 1, through: 0, by: -1) {
                let digit = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                place.storeBytes(of: digit, toByteOffset: at, as: UInt8.self)
                rest /= 10
            }
            place += count
        }
    }
}
