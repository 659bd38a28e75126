/// An IPv4 or IPv6 address as its bytes. Parsing is strict: four decimal parts without leading
/// zeros, or RFC 4291 with at most one `::` and an optional IPv4 tail. A zone (`fe80::1%eth0`) is
/// not part of it, since zones are local to one machine.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four or sixteen bytes.
    public let bytes: [UInt8]
    public let zone: String

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        zone = parts.count == 2 ? String(parts[1]) : ""
        if parts.count == 2, parts[1].isEmpty || !parts[0].contains(":") { return nil }
        guard let address = parts.first else { return nil }
        let found = address.contains(":") ? Self.six(address) : Self.four(address)
        guard let found else { return nil }
        bytes = found
    }

    /// - Parameter unchecked: 4 or 16 bytes in network order.
    init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
        zone = ""
    }

    public var isIPv6: Bool { bytes.count == 16 }
    /// True for `0.0.0.0` and `::`: every address of the machine.
    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
    public var isLoopback: Bool {
        isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
    }

    private static func four(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let byte = UInt8(part),
                part.utf8.count == 1 || part.utf8.first != 0x30
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        let gaps = parts.indices.dropFirst().dropLast().filter { parts[$0].isEmpty }
        var head: [UInt8] = []
        var tail: [UInt8] = []
        var inTail = false
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                let isEdge = index == 0 || index == parts.count - 1
                let besideGap = index == 0 ? parts[1].isEmpty : parts[parts.count - 2].isEmpty
                if isEdge { guard besideGap, !gaps.isEmpty else { return nil } }
                inTail = inTail || !isEdge
                continue
            }
            let group: [UInt8]
            if part.contains(".") {
                guard index == parts.count - 1, let four = four(part) else { return nil }
                group = four
            } else {
                guard part.utf8.count <= 4, let value = UInt16(part, radix: 16),
                    part.utf8.first != 0x2B
                else { return nil }
                group = [UInt8(value >> 8), UInt8(value & 255)]
            }
            if inTail { tail += group } else { head += group }
        }
        guard gaps.count <= 1 else {
            return parts == ["", "", ""] ? [UInt8](repeating: 0, count: 16) : nil
        }
        let known = head.count + tail.count
        guard gaps.isEmpty ? known == 16 : known <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - known) + tail
    }

    /// Prints IPv6 in the form of RFC 5952: lower case, the longest run of zeros shortened.
    public var description: String {
        guard isIPv6 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let hex = groups.map { String($0, radix: 16) }
        let suffix = zone.isEmpty ? "" : "%\(zone)"
        guard !best.isEmpty else { return hex.joined(separator: ":") + suffix }
        return hex[..<best.lowerBound].joined(separator: ":") + "::"
            + hex[best.upperBound...].joined(separator: ":") + suffix
    }
}

/// A network: an address and the number of its significant leading bits (`10.0.0.0/8`).
public struct CIDRBlock: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let prefixLength: Int

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parts[0]), address.zone.isEmpty,
            parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = Int(parts[1]),
            length <= address.bytes.count * 8
        else { return nil }
        self.address = address
        prefixLength = length
    }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = prefixLength / 8
        guard other.bytes[..<whole] == address.bytes[..<whole] else { return false }
        guard prefixLength % 8 != 0 else { return true }
        return (other.bytes[whole] ^ address.bytes[whole]) >> (8 - prefixLength % 8) == 0
    }

    public var description: String { "\(address)/\(prefixLength)" }
}
