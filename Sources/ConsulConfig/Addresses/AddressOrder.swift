import Primitives

/// The orders of `sort`.
enum AddressOrder {
    private typealias Comparison = (InterfaceAddress, InterfaceAddress) -> Int

    /// Keys separated by commas, each with `+` (or nothing) for ascending and `-` for descending
    /// order.
    static func sorted(
        _ found: [InterfaceAddress], by text: String
    ) throws(AddressTemplate.Problem) -> [InterfaceAddress] {
        var comparisons: [Comparison] = []
        for word in text.split(separator: ",") {
            let key = word.drop { $0 == " " || $0 == "+" || $0 == "-" }
            let sign = word.contains("-") ? -1 : 1
            comparisons.append(try comparison(String(key), sign))
        }
        return ordered(found) { one, other in
            comparisons.lazy.map { $0(one, other) }.first { $0 != 0 } ?? 0 < 0
        }
    }

    /// The default order of usable addresses: the default route's interface, IPv4, large networks.
    static func defaultFirst(_ found: [InterfaceAddress]) -> [InterfaceAddress] {
        let keys: [Comparison] = [byDefault, byType, bySize]
        return ordered(found) { one, other in
            keys.lazy.map { $0(one, other) }.first { $0 != 0 } ?? 0 < 0
        }
    }

    /// Sorts as Go's library did for short lists: one pass over elements six apart, then insertion.
    /// The method determines the result where elements cannot be compared, as addresses of two
    /// types by their size.
    static func ordered(
        _ found: [InterfaceAddress], _ isBefore: (InterfaceAddress, InterfaceAddress) -> Bool
    ) -> [InterfaceAddress] {
        var list = found
        if (7...12).contains(list.count) {
            for index in 6..<list.count where isBefore(list[index], list[index - 6]) {
                list.swapAt(index, index - 6)
            }
        }
        for start in list.indices.dropFirst() {
            var index = start
            while index > 0, isBefore(list[index], list[index - 1]) {
                list.swapAt(index, index - 1)
                index -= 1
            }
        }
        return list
    }

    private static func comparison(
        _ key: String, _ sign: Int
    ) throws(AddressTemplate.Problem) -> Comparison {
        let rising = try rising(key)
        return { rising($0, $1) * sign }
    }

    private static func rising(_ key: String) throws(AddressTemplate.Problem) -> Comparison {
        switch key {
        case "address":
            return { one, other in
                byType(one, other) != 0 ? 0 : order(one.address.bytes, other.address.bytes)
            }
        case "default": return byDefault
        case "name": return { one, other in order(Array(one.name.utf8), Array(other.name.utf8)) }
        case "port": return { _, _ in 0 }
        case "private":
            return { one, other in (other.isPrivate ? 1 : 0) - (one.isPrivate ? 1 : 0) }
        case "size": return bySize
        case "type": return byType
        default:
            throw AddressTemplate.Problem(
                message: "sort key \(quoted(key)) is not supported (there are address, default, "
                    + "name, port, private, size, type)")
        }
    }

    private static func byDefault(_ one: InterfaceAddress, _ other: InterfaceAddress) -> Int {
        (other.isDefault ? 1 : 0) - (one.isDefault ? 1 : 0)
    }
    private static func byType(_ one: InterfaceAddress, _ other: InterfaceAddress) -> Int {
        one.typeRank - other.typeRank
    }
    private static func bySize(_ one: InterfaceAddress, _ other: InterfaceAddress) -> Int {
        byType(one, other) != 0 ? 0 : one.prefixLength - other.prefixLength
    }

    private static func order(_ one: [UInt8], _ other: [UInt8]) -> Int {
        one == other ? 0 : one.lexicographicallyPrecedes(other) ? -1 : 1
    }
}
