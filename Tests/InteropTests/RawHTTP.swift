import Glibc

/// One line of `http.txt`.
struct HTTPLine: CustomStringConvertible {
    var mark: String?
    var method: String
    var uri: String
    var header: String?
    var body: String?

    init(_ method: String, _ uri: String, _ body: String? = nil) {
        self.method = method
        self.uri = uri
        self.body = body
    }

    init?(_ text: Substring) {
        let pattern = /(?:\[(?<mark>[^\]]+)\] )?(?<method>\S+) (?<uri>\S+)/
        let further = /(?: \{(?<header>[^}]*)\})?(?: <<< (?<body>.*))?/
        guard let start = text.prefixMatch(of: pattern),
            let rest = text[start.range.upperBound...].wholeMatch(of: further)
        else { return nil }
        mark = start.output.mark.map { String($0) }
        method = String(start.output.method)
        uri = String(start.output.uri)
        header = rest.output.header.map { String($0) }
        body = rest.output.body.map { String($0) }
    }

    var description: String {
        "\(method) \(uri)" + (header.map { " {\($0)}" } ?? "") + (body.map { " <<< \($0)" } ?? "")
    }
}

/// An unchanged answer, without its framing.
struct RawAnswer: Equatable {
    var status = ""
    /// The headers, sorted; without date, length and framing.
    var headers: [String] = []
    var body = ""
}

/// Sends HTTP by hand, so that no client normalises a request on its way to the agent. Blocks.
enum RawHTTP {
    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    static func ask(_ line: HTTPLine, port: Int) throws -> RawAnswer {
        var head = "\(line.method) \(line.uri) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if let header = line.header { head += header + "\r\n" }
        let body = line.body ?? ""
        if line.body != nil || ["PUT", "POST", "PATCH"].contains(line.method) {
            head += "Content-Length: \(body.utf8.count)\r\n"
        }
        return answer(from: try exchange(Array((head + "\r\n" + body).utf8), port))
    }

    private static func exchange(_ request: [UInt8], _ port: Int) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = loopback(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) > 0
        else { throw PeerError(description: "port \(port) does not answer") }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return all }
            all += buffer[..<count]
        }
    }

    private static func answer(from bytes: [UInt8]) -> RawAnswer {
        var answer = RawAnswer()
        let end =
            bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) } ?? bytes.count
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        answer.status = lines.first.map { String($0) } ?? "no answer"
        let framing = ["date:", "content-length:", "transfer-encoding:"]
        answer.headers = lines.dropFirst().map { String($0) }.filter { line in
            !framing.contains { line.lowercased().hasPrefix($0) }
        }.sorted()
        var body = Array(bytes.dropFirst(end + 4))
        if lines.contains(where: { $0.lowercased() == "transfer-encoding: chunked" }) {
            body = unchunked(body)
        }
        answer.body = String(decoding: body, as: UTF8.self)
        return answer
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var (out, rest) = ([UInt8](), bytes[...])
        while let line = rest.firstIndex(of: 13),
            let count = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16), count > 0
        {
            let chunk = rest.dropFirst(line - rest.startIndex + 2)
            out += chunk.prefix(count)
            rest = chunk.dropFirst(count + 2)
        }
        return out
    }
}
