/// Decodes Go's escapes in texts with double quotes.
enum FilterText {
    /// - Returns: nil for an invalid escape.
    static func unescape(_ bytes: ArraySlice<UInt8>) -> String? {
        var out: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == 0x0A { return nil }
            guard byte == 0x5C else {
                out.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case UInt8(ascii: "a"): out.append(0x07)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "v"): out.append(0x0B)
            case 0x5C, 0x22: out.append(escape)
            case UInt8(ascii: "x"):
                guard let value = takeHex(2, &rest) else { return nil }
                out.append(UInt8(value))
            case UInt8(ascii: "u"), UInt8(ascii: "U"):
                let digits = escape == UInt8(ascii: "u") ? 4 : 8
                guard let value = takeHex(digits, &rest), let scalar = Unicode.Scalar(value)
                else { return nil }
                out += Array(String(Character(scalar)).utf8)
            default: return nil
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func takeHex(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> UInt32? {
        guard rest.count >= count else { return nil }
        let digits = String(decoding: rest.prefix(count), as: UTF8.self)
        rest = rest.dropFirst(count)
        return digits.utf8.contains(0x2B) ? nil : UInt32(digits, radix: 16)
    }
}
