package import Primitives

/// An address of one of the machine's interfaces, for templates.
package struct InterfaceAddress: Hashable, Sendable {
    package var name: String
    package var address: IPAddress
    package var prefixLength: Int
    package var isUp: Bool
    package var isLoopback: Bool
    /// Whether the default route uses its interface.
    package var isDefault: Bool
    /// All flags of the interface, `up|broadcast|multicast`.
    package var flags: [String]

    package init(
        _ name: String, _ address: IPAddress, prefixLength: Int, isUp: Bool = true,
        isLoopback: Bool = false, isDefault: Bool = false, flags: [String] = ["up"]
    ) {
        self.name = name
        self.address = address
        self.prefixLength = prefixLength
        self.isUp = isUp
        self.isLoopback = isLoopback
        self.isDefault = isDefault
        self.flags = flags
    }

    var text: String { address.description }
    /// IPv4 precedes IPv6 in every order.
    var typeRank: Int { address.isIPv6 ? 1 : 0 }

    /// Private by RFC 1918, shared by RFC 6598, for benchmarks, or unique local (RFC 4193).
    var isPrivate: Bool { isIn(Self.privateBlocks) }
    /// Whether routers pass it on (RFC 6890): no loopback, link-local or reserved address.
    var isForwardable: Bool { !isIn(Self.notForwardable) }

    var isLinkLocal: Bool { isIn(Self.linkLocal) }

    func isIn(_ blocks: [CIDRBlock]) -> Bool { blocks.contains { $0.contains(address) } }

    private static func blocks(_ texts: String...) -> [CIDRBlock] {
        texts.compactMap { CIDRBlock($0) }
    }

    private static let privateBlocks = blocks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15",
        "fc00::/7")
    private static let linkLocal = blocks("169.254.0.0/16", "fe80::/10")
    private static let notForwardable = blocks(
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "::ffff:0:0/96",
        "2001:db8::/32", "fe80::/10", "ff00::/8")

    /// Returns the blocks of an RFC by its number; nil for an unknown one.
    static func blocks(ofRFC number: String) -> [CIDRBlock]? {
        switch number {
        case "1918": blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
        case "3927": blocks("169.254.0.0/16")
        case "4193": blocks("fc00::/7")
        case "4291": blocks("::/128", "::1/128", "fe80::/10", "ff00::/8")
        case "5735", "5737": blocks("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
        case "5771": blocks("224.0.0.0/4")
        case "6598": blocks("100.64.0.0/10")
        case "6890": privateBlocks + notForwardable + blocks("192.0.0.0/24")
        default: nil
        }
    }

    /// The first address of its network.
    private var network: String {
        let bytes = address.bytes.enumerated().map { index, byte in
            let bits = min(8, max(0, prefixLength - index * 8))
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> bits)
        }
        guard bytes.count == 16 else { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { index in
            String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
        }.joined(separator: ":")
        return IPAddress(groups)?.description ?? groups
    }

    static let attributes = [
        "address", "flags", "host", "name", "network", "size", "string", "type",
    ]

    static func noAttribute(_ name: String) -> AddressTemplate.Problem {
        AddressTemplate.Problem(
            message: "attribute \(quoted(name)) is not supported (there are "
                + "\(attributes.joined(separator: ", ")))")
    }

    func attribute(_ name: String) throws(AddressTemplate.Problem) -> String {
        switch name {
        case "address", "host": return text
        case "name": return self.name
        case "flags": return flags.joined(separator: "|")
        case "string": return "\(text)/\(prefixLength)"
        case "network": return "\(network)/\(prefixLength)"
        case "type": return address.isIPv6 ? "IPv6" : "IPv4"
        case "size": return "\(prefixLength)"
        default:
            throw Self.noAttribute(name)
        }
    }
}
