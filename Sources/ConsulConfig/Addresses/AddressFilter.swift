import ConsulModel
import Primitives

/// The selectors of `include` and `exclude`.
enum AddressFilter {
    typealias Problem = AddressTemplate.Problem

    static func make(_ selector: String, _ text: String) throws(Problem)
        -> (InterfaceAddress) -> Bool
    {
        switch selector.lowercased() {
        case "name", "address":
            let pattern: TextPattern
            do throws(TextPattern.Fault) {
                pattern = try TextPattern(text)
            } catch {
                throw Problem(message: "\(selector) \(quoted(text)): \(error)")
            }
            let isName = selector.lowercased() == "name"
            return { pattern.matches(isName ? $0.name : $0.text) }
        case "flag", "flags": return try flags(text)
        case "network":
            guard let block = CIDRBlock(text) else {
                throw Problem(message: "\(quoted(text)) is not a network such as 10.0.0.0/8")
            }
            return { block.contains($0.address) }
        case "rfc":
            guard let blocks = InterfaceAddress.blocks(ofRFC: text) else {
                throw Problem(message: "the networks of RFC \(quoted(text)) are not known")
            }
            return { $0.isIn(blocks) }
        case "size":
            guard let size = Int(text.hasPrefix("/") ? String(text.dropFirst()) : text),
                (0...128).contains(size)
            else { throw Problem(message: "\(quoted(text)) is not the size of a network") }
            return { $0.prefixLength == size }
        case "type":
            switch text.lowercased() {
            case "ip": return { _ in true }
            case "ipv4": return { !$0.address.isIPv6 }
            case "ipv6": return { $0.address.isIPv6 }
            case "unix": return { _ in false }
            default: throw Problem(message: "type \(quoted(text)) is none of IP, IPv4, IPv6")
            }
        default:
            throw Problem(
                message: "selector \(quoted(selector)) is not supported (there are address, flags, "
                    + "name, network, rfc, size, type)")
        }
    }

    private static let known: Set<String> = [
        "up", "down", "broadcast", "loopback", "multicast", "pointtopoint", "point-to-point",
        "forwardable", "interface-local multicast", "link-local multicast", "link-local unicast",
        "global unicast", "unspecified",
    ]

    private static func flags(_ text: String) throws(Problem) -> (InterfaceAddress) -> Bool {
        let wanted = text.lowercased().split(separator: "|").map { String($0) }
        if let unknown = wanted.first(where: { !known.contains($0) }) {
            throw Problem(message: "flag \(quoted(unknown)) is not known")
        }
        // One match is enough, as in go-sockaddr.
        return { one in wanted.contains { has($0, one) } }
    }

    private static func has(_ flag: String, _ one: InterfaceAddress) -> Bool {
        switch flag {
        case "forwardable": one.isForwardable
        case "down": !one.isUp
        case "unspecified": one.address.isUnspecified
        case "link-local unicast": one.isLinkLocal
        case "global unicast": !one.isLoopback && !one.address.isUnspecified
        case "pointtopoint", "point-to-point": one.flags.contains("pointtopoint")
        default: one.flags.contains(flag)
        }
    }
}
