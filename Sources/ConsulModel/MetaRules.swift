/// Consul's rules for the metadata of a node or service.
public enum MetaRules {
    private static let pairsMax = 64
    private static let keyBytesMax = 128
    private static let valueBytesMax = 512

    /// Returns the fault in Consul's words; nil for valid metadata.
    public static func fault(in meta: [String: String]) -> String? {
        if meta.count > pairsMax {
            return "Node metadata cannot contain more than \(pairsMax) key/value pairs"
        }
        for (key, value) in meta.sorted(by: { $0.key < $1.key }) {
            if let reason = fault(key, value) {
                return "Couldn't load metadata pair ('\(key)', '\(value)'): \(reason)"
            }
        }
        return nil
    }

    private static func fault(_ key: String, _ value: String) -> String? {
        if key.isEmpty { return "Key cannot be blank" }
        if !key.utf8.allSatisfy(isAllowed) { return "Key contains invalid characters" }
        if key.utf8.count > keyBytesMax {
            return "Key is too long (limit: \(keyBytesMax) characters)"
        }
        if key.hasPrefix("consul-") {
            return "Key prefix 'consul-' is reserved for internal use"
        }
        if value.utf8.count > valueBytesMax {
            return "Value is too long (limit: \(valueBytesMax) characters)"
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
