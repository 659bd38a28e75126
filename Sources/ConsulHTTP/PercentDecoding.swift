/// Percent escapes of URIs (RFC 3986).
enum PercentDecoding {
    /// Decodes; returns nil for a broken escape, or for bytes that are not UTF-8.
    static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        let bytes = text.utf8
        guard bytes.contains(where: { $0 == 0x25 || (plusIsSpace && $0 == 0x2B) }) else {
            return String(text)
        }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            if byte == 0x25 {
                guard let high = iterator.next().flatMap(digit),
                    let low = iterator.next().flatMap(digit)
                else { return nil }
                out.append(high << 4 | low)
            } else {
                out.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    /// Escapes a path as Go writes it into a URL.
    static func encode(path: String) -> String { encode(path, besides: Array("$&+,:;=@".utf8)) }

    /// Normalises the escapes of a part of a path: as Go writes it, and without a `/` inside.
    static func escape(_ part: Substring) -> String {
        guard let plain = decode(part) else { return String(part) }
        if plain == "." || plain == ".." { return plain == "." ? "%2E" : "%2E%2E" }
        return plain.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { encode(path: String(Substring($0))) }.joined(separator: "%2F")
    }

    /// Escapes a parameter of a query.
    static func encode(parameter: String) -> String { encode(parameter, besides: []) }

    private static func encode(_ text: String, besides plain: [UInt8]) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E:
                out.append(byte)
            case _ where plain.contains(byte): out.append(byte)
            default: out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
