import DNSWire
import Primitives

extension ClientSubnet {
    /// The single host of the block; nil for a network of several.
    var host: IPAddress? {
        let bits = family == .four ? 32 : 128
        guard sourcePrefix == bits else { return nil }
        if family == .four { return IPAddress(address.map { String($0) }.joined(separator: ".")) }
        let groups = stride(from: 0, to: address.count, by: 2).map {
            String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16)
        }
        return IPAddress(groups.joined(separator: ":"))
    }
}

/// Converts addresses of the catalog into the data of A and AAAA records.
enum AddressText {
    /// Returns nil for a text that is not an address, but a name.
    static func data(_ text: String) -> RecordData? {
        if let four = four(text) { return four }
        guard let address = IPAddress(text), address.zone.isEmpty else { return nil }
        let data = data(address.bytes)
        // An IPv4 address in its IPv6 form counts as an IPv4 address, as in Go.
        if case .aaaa(0, let lower) = data, lower >> 32 == 0xFFFF {
            return .a(UInt32(truncatingIfNeeded: lower))
        }
        return data
    }

    /// - Parameter octets: four or sixteen.
    static func data(_ bytes: [UInt8]) -> RecordData {
        func word(_ octets: ArraySlice<UInt8>) -> UInt64 {
            octets.reduce(0) { $0 << 8 | UInt64($1) }
        }
        if bytes.count == 4 { return .a(UInt32(truncatingIfNeeded: word(bytes[...]))) }
        return .aaaa(word(bytes[..<8]), word(bytes[8...]))
    }

    /// Parses the common case without an array, because every answer has some. Leading zeros are
    /// ignored, as in the Go of Consul's time.
    private static func four(_ text: String) -> RecordData? {
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var dots = 0
        for unit in text.utf8 {
            if unit == 0x2E {
                guard digits > 0, dots < 3 else { return nil }
                address = address << 8 | part
                (part, digits) = (0, 0)
                dots += 1
                continue
            }
            guard unit >= 0x30, unit <= 0x39 else { return nil }
            part = part * 10 + UInt32(unit - 0x30)
            digits += 1
            guard part <= 255 else { return nil }
        }
        return dots == 3 && digits > 0 ? .a(address << 8 | part) : nil
    }

    /// Parses the label before `.addr`: eight or thirty-two hexadecimal digits.
    static func label(_ data: RecordData) -> String {
        switch data {
        case .a(let address): hex(UInt64(address), 8)
        case .aaaa(let upper, let lower): hex(upper, 16) + hex(lower, 16)
        default: ""
        }
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
