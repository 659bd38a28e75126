internal import NIOCore
internal import Primitives

extension TransportAddress {
    /// - Returns: nil for a Unix socket.
    init?(_ address: SocketAddress) {
        // Offsets of the address in sockaddr_in and sockaddr_in6 (netinet/in.h).
        let range: Range<Int>
        switch address.protocol {
        case .inet: range = 4..<8
        case .inet6: range = 8..<24
        default: return nil
        }
        let bytes = address.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size)[range])
        }
        self.init(bytes: bytes, port: UInt16(truncatingIfNeeded: address.port ?? 0))
    }

    var socketAddress: SocketAddress {
        do {
            return try SocketAddress(
                packedIPAddress: ByteBuffer(bytes: bytes), port: Int(port))
        } catch {
            preconditionFailure("\(self) is 4 or 16 bytes: \(error)")
        }
    }
}
