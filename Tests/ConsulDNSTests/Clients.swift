import DNSWire
import Glibc

struct ClientError: Error, CustomStringConvertible { var description: String }

/// Blocking sockets on loopback that time out after half a minute: far beyond the need of any
/// machine.
private func connected(_ kind: __socket_type, _ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(
        descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    // Builds the address octet by octet: two modules have the C struct, and the compiler's choice
    // depends on the other files that it compiles.
    let family = withUnsafeBytes(of: sa_family_t(AF_INET)) { Array($0) }
    let place = [UInt8(port >> 8), UInt8(port & 0xFF), 127, 0, 0, 1]
    let address = family + place + [UInt8](repeating: 0, count: 8)
    let result = address.withUnsafeBytes {
        connect(
            descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard result == 0 else { throw ClientError(description: "cannot connect to \(port)") }
    return descriptor
}

final class UDPClient {
    private let descriptor: Int32

    init(port: Int) throws { descriptor = try connected(SOCK_DGRAM, port) }

    static func question(_ name: String, _ type: RecordType, id: UInt16) -> [UInt8] {
        var message = DNSMessage(id: id, flags: [.recursionDesired])
        message.questions = [DNSMessage.Question(DNSName(name) ?? .root, type)]
        var writer = MessageWriter()
        writer.write(message)
        return writer.bytes
    }

    func ask(_ name: String, _ type: RecordType = .a) throws -> DNSMessage {
        try send(Self.question(name, type, id: 0x4242))
        return try receive()
    }

    func send(_ octets: [UInt8]) throws {
        guard Glibc.send(descriptor, octets, octets.count, 0) == octets.count else {
            throw ClientError(description: "cannot send")
        }
    }

    func receive() throws -> DNSMessage {
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &octets, octets.count, 0)
        guard count >= 0 else { throw ClientError(description: "no answer") }
        return try DNSMessage(Array(octets[..<count]))
    }

    func close() { Glibc.close(descriptor) }
}

final class TCPClient {
    private let descriptor: Int32

    init(port: Int) throws { descriptor = try connected(SOCK_STREAM, port) }

    static func framed(_ octets: [UInt8]) -> [UInt8] {
        [UInt8(octets.count >> 8), UInt8(octets.count & 255)] + octets
    }

    func send(_ octets: [UInt8]) throws {
        guard
            Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL))
                == octets.count
        else { throw ClientError(description: "cannot send") }
    }

    /// Sends without waiting for room for longer than a moment.
    /// - Returns: false if there is none, or the connection has ended.
    func offer(_ octets: [UInt8]) -> Bool {
        var limit = timeval(tv_sec: 0, tv_usec: 300_000)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL)) == octets.count
    }

    func receive() throws -> DNSMessage {
        let head = try take(2)
        return try DNSMessage(try take(Int(head[0]) << 8 | Int(head[1])))
    }

    private func take(_ count: Int) throws -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        guard recv(descriptor, &octets, count, Int32(MSG_WAITALL)) == count else {
            throw ClientError(description: "the connection ended")
        }
        return octets
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }
    func close() { Glibc.close(descriptor) }
}
