/// Keys of tables whose rows have names of several parts. Names are compared in lower case, as in
/// Consul; each part has a terminator, so that `web` is no prefix of `web2`.
enum TableKey {
    static func of(_ first: String) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(first.utf8.count + 2)
        append(first, to: &key)
        return key
    }

    static func of(_ first: String, _ second: String) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(first.utf8.count + second.utf8.count + 4)
        append(first, to: &key)
        append(second, to: &key)
        return key
    }

    static func of(_ first: String, _ second: String, _ third: String) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(first.utf8.count + second.utf8.count + third.utf8.count + 6)
        append(first, to: &key)
        append(second, to: &key)
        append(third, to: &key)
        return key
    }

    static func folded(_ name: String) -> String {
        let isFolded = name.utf8.allSatisfy { $0 < 0x80 && !($0 >= 0x41 && $0 <= 0x5A) }
        return isFolded ? name : name.lowercased()
    }

    /// The terminator sorts below every byte of a name: a NUL inside a name is escaped.
    static func append(_ name: String, to key: inout [UInt8]) {
        let start = key.count
        key.append(contentsOf: folded(name).utf8)
        if key[start...].contains(0) {
            let bytes = Array(key[start...])
            key.removeLast(bytes.count)
            for byte in bytes {
                key.append(byte)
                if byte == 0 { key.append(0xFF) }
            }
        }
        key.append(0)
        key.append(1)
    }
}
