/// An IP address and a port, without allocation: a key for maps of peers.
public struct TransportAddress: Hashable, Sendable, CustomStringConvertible {
    private var high: UInt64
    private var low: UInt64
    public private(set) var isIPv6: Bool
    public var port: UInt16

    /// - Parameter bytes: 4 for IPv4 or 16 for IPv6, in network order; nil for another count. An
    ///   IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) becomes the IPv4 address, as in Go.
    public init?(bytes: some Collection<UInt8>, port: UInt16) {
        self.port = port
        switch bytes.count {
        case 4:
            isIPv6 = false
            high = 0
            low = bytes.reduce(0) { $0 << 8 | UInt64($1) }
        case 16:
            high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
            isIPv6 = !(high == 0 && low >> 32 == 0xFFFF)
            if !isIPv6 { low &= 0xFFFF_FFFF }
        default: return nil
        }
    }

    public init(_ address: IPAddress, port: UInt16) {
        guard let value = Self(bytes: address.bytes, port: port) else {
            preconditionFailure("an address of \(address.bytes.count) bytes")
        }
        self = value
    }

    /// Parses `127.0.0.1:8301` or `[::1]:8301`.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = IPAddress(host), address.zone.isEmpty else { return nil }
        self.init(address, port: port)
    }

    /// 4 or 16 bytes in network order.
    public var bytes: [UInt8] {
        let low = low
        let high = high
        guard isIPv6 else {
            return [
                UInt8(truncatingIfNeeded: low >> 24), UInt8(truncatingIfNeeded: low >> 16),
                UInt8(truncatingIfNeeded: low >> 8), UInt8(truncatingIfNeeded: low),
            ]
        }
        return [UInt8](unsafeUninitializedCapacity: 16) { space, count in
            for index in 0..<8 {
                let shift = UInt64(56 - index * 8)
                space[index] = UInt8(truncatingIfNeeded: high >> shift)
                space[index + 8] = UInt8(truncatingIfNeeded: low >> shift)
            }
            count = 16
        }
    }

    public var ip: IPAddress { IPAddress(unchecked: bytes) }

    /// True for `0.0.0.0` and `::`.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    public var description: String { isIPv6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}
