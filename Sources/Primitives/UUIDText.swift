/// UUIDs in Consul's form: 16 random bytes in lower-case hexadecimal, `8-4-4-4-12`, without version
/// bits (hashicorp/go-uuid).
public enum UUIDText {
    public static func random(using random: inout some RandomNumberGenerator) -> String {
        format(random.next(), random.next())
    }

    public static func format(_ high: UInt64, _ low: UInt64) -> String {
        let hex = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                out.append(UInt8(ascii: "-"))
            }
            let word = index < 16 ? high : low
            out.append(hex[Int((word >> UInt64(60 - 4 * (index % 16))) & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Returns true for `8-4-4-4-12` hexadecimal digits of either case.
    public static func isValid(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        for (index, byte) in bytes.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return false }
            } else {
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: continue
                default: return false
                }
            }
        }
        return true
    }
}
