import Glibc

/// An address of one of this host's interfaces.
package struct HostAddress: Hashable, Sendable {
    package var interface: String
    /// `192.168.1.5`, `fe80::1`.
    package var text: String
    /// 4 or 16 bytes.
    package var bytes: [UInt8]
    package var prefixLength: Int
    package var isLoopback: Bool
    package var isUp: Bool
    /// The interface's flags as go-sockaddr names them, `up`, `multicast` …
    package var flags: [String] = []
}

package enum HostAddresses {
    package static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// Returns the interface of the IPv4 default route; nil when there is none.
    package static func defaultRouteInterface() -> String? {
        let table = (try? Files.read("/proc/net/route", limit: 1 << 20)) ?? []
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" else {
                continue
            }
            return String(fields[0])
        }
        return nil
    }

    private static let names: [(flag: Int, name: String)] = [
        (Int(IFF_UP), "up"), (Int(IFF_BROADCAST), "broadcast"),
        (Int(IFF_LOOPBACK), "loopback"), (Int(IFF_POINTOPOINT), "pointtopoint"),
        (Int(IFF_MULTICAST), "multicast"),
    ]

    /// Returns all addresses, in the system's order.
    package static func all() -> [HostAddress] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [HostAddress] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, let bytes = Self.bytes(of: address) else {
                continue
            }
            let mask = entry.ifa_netmask.flatMap { Self.bytes(of: $0) } ?? []
            let flags = Int(entry.ifa_flags)
            found.append(
                HostAddress(
                    interface: String(cString: entry.ifa_name), text: text(of: bytes),
                    bytes: bytes, prefixLength: mask.reduce(0) { $0 + $1.nonzeroBitCount },
                    isLoopback: flags & Int(IFF_LOOPBACK) != 0,
                    isUp: flags & Int(IFF_UP) != 0,
                    flags: names.filter { flags & $0.flag != 0 }.map { $0.name }))
        }
        return found
    }

    /// Parses an address in text form, without names and zones; returns nil when it is none.
    package static func bytes(of text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
    }

    /// Returns the text form of 4 or 16 bytes.
    package static func text(of bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        inet_ntop(family, bytes, &buffer, socklen_t(buffer.count))
        return buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// Resolves a host name to addresses of 4 or 16 bytes, without repeats; empty when there is
    /// none. Blocks as long as the system's resolver does.
    package static func lookup(_ host: String, limit: Int) -> [[UInt8]] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [[UInt8]] = []
        var next = list
        while let entry = next, found.count < limit {
            if let address = entry.pointee.ai_addr.flatMap({ bytes(of: $0) }),
                !found.contains(address)
            {
                found.append(address)
            }
            next = entry.pointee.ai_next
        }
        return found
    }

    private static func bytes(of address: UnsafeMutablePointer<sockaddr>) -> [UInt8]? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
            }
        default: return nil
        }
    }
}
