import Glibc

/// A bound UDP socket whose sends may fail without an effect on it: NIO closes a channel when one
/// datagram cannot be sent (no route, a firewall), so that a single bad address would silence it.
package struct UDPSocket: Sendable {
    /// Owned by the channel that reads from it.
    package let descriptor: Int32
    private let isIPv6: Bool

    /// - Parameters:
    ///   - address: 4 or 16 bytes.
    ///   - receiveBufferBytes: the wanted size of the kernel's buffer; it may give less.
    package static func bind(
        _ address: [UInt8], port: UInt16, receiveBufferBytes: Int
    ) throws(NetworkError) -> UDPSocket {
        let isIPv6 = address.count == 16
        let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(kind), 0)
        guard descriptor >= 0 else { throw failure("socket") }
        var size = Int32(clamping: receiveBufferBytes)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        let bound = withAddress(address, port) { Glibc.bind(descriptor, $0, $1) }
        guard bound == 0 else {
            let error = failure("bind")
            close(descriptor)
            throw error
        }
        return UDPSocket(descriptor: descriptor, isIPv6: isIPv6)
    }

    /// Sends one datagram. Returns 0, or an errno: the datagram is lost, and the socket unharmed.
    package func send(_ bytes: [UInt8], to address: [UInt8], port: UInt16) -> Int32 {
        guard (address.count == 16) == isIPv6 else { return EAFNOSUPPORT }
        let sent = Self.withAddress(address, port) { pointer, size in
            sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT), pointer, size)
        }
        return sent < 0 ? errno : 0
    }

    private static func failure(_ call: String) -> NetworkError {
        NetworkError("\(call): \(errnoText(errno))")
    }

    private static func withAddress<Result>(
        _ address: [UInt8], _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var storage = sockaddr_storage()
        return withUnsafeMutableBytes(of: &storage) { raw in
            let size: Int
            if address.count == 16 {
                var six = sockaddr_in6()
                six.sin6_family = sa_family_t(AF_INET6)
                six.sin6_port = port.bigEndian
                withUnsafeMutableBytes(of: &six.sin6_addr) { $0.copyBytes(from: address) }
                size = MemoryLayout<sockaddr_in6>.size
                withUnsafeBytes(of: six) { raw.copyMemory(from: $0) }
            } else {
                var four = sockaddr_in()
                four.sin_family = sa_family_t(AF_INET)
                four.sin_port = port.bigEndian
                withUnsafeMutableBytes(of: &four.sin_addr) { $0.copyBytes(from: address) }
                size = MemoryLayout<sockaddr_in>.size
                withUnsafeBytes(of: four) { raw.copyMemory(from: $0) }
            }
            let pointer = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return body(UnsafePointer(pointer), socklen_t(size))
        }
    }
}
