internal import Glibc
internal import NIOCore
internal import Primitives

extension TransportAddress {
    /// - Returns: nil for a Unix socket.
    init?(_ address: SocketAddress) {
        let port = UInt16(truncatingIfNeeded: address.port ?? 0)
        switch address {
        case .v4(let four):
            var ip = four.address.sin_addr
            self.init(bytes: withUnsafeBytes(of: &ip) { Array($0) }, port: port)
        case .v6(let six):
            var ip = six.address.sin6_addr
            self.init(bytes: withUnsafeBytes(of: &ip) { Array($0) }, port: port)
        case .unixDomainSocket: return nil
        }
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
