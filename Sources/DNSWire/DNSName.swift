/// A domain name in wire form: labels, each preceded by its length, and the root's zero. At most
/// 255 octets, labels of 1 to 63. Case is preserved; `==` is case-sensitive, `isSame(as:)` is not.
package struct DNSName: Hashable, Sendable, CustomStringConvertible {
    /// Uncompressed, with the closing zero.
    package let bytes: [UInt8]

    package static let root = DNSName(trusted: [0])

    init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// Parses a name in text form, with or without the final dot. `\.` is a dot within a label,
    /// `\065` an octet by its number (RFC 1035, section 5.1). Returns nil for an empty label, and
    /// for a name that is too long.
    package init?(_ text: some StringProtocol) {
        var bytes: [UInt8] = [0]
        var start = 0
        var source = text.utf8.makeIterator()
        var isEmpty = true
        while let unit = source.next() {
            isEmpty = false
            if unit == UInt8(ascii: ".") {
                if bytes.count == 1, text.utf8.count == 1 { break }
                guard bytes.count > start + 1 else { return nil }
                start = bytes.count
                bytes.append(0)
                continue
            }
            var octet = unit
            if unit == UInt8(ascii: "\\") {
                guard let next = source.next() else { return nil }
                octet = next
                if (0x30...0x39).contains(next) {
                    guard let tens = source.next(), let ones = source.next(),
                        (0x30...0x39).contains(tens), (0x30...0x39).contains(ones)
                    else { return nil }
                    let value = Int(next - 0x30) * 100 + Int(tens - 0x30) * 10 + Int(ones - 0x30)
                    guard value <= 255 else { return nil }
                    octet = UInt8(value)
                }
            }
            bytes.append(octet)
            let length = bytes.count - start - 1
            guard length <= Limits.labelBytesMax else { return nil }
            bytes[start] = UInt8(length)
        }
        guard !isEmpty else { return nil }
        if bytes[start] != 0 { bytes.append(0) }
        guard bytes.count <= Limits.nameBytesMax else { return nil }
        self.bytes = bytes
    }

    /// Makes a name of `labels` under `suffix`; nil when a label or the whole does not fit.
    package init?(labels: [String], under suffix: DNSName = .root) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        for label in labels {
            let count = label.utf8.count
            guard count > 0, count <= Limits.labelBytesMax else { return nil }
            bytes.append(UInt8(count))
            bytes.append(contentsOf: label.utf8)
        }
        bytes.append(contentsOf: suffix.bytes)
        guard bytes.count <= Limits.nameBytesMax else { return nil }
        self.bytes = bytes
    }

    /// Returns the labels of `name` under `suffix`; nil when the whole does not fit.
    package init?(_ name: DNSName, under suffix: DNSName) {
        let bytes = name.bytes.dropLast() + suffix.bytes
        guard bytes.count <= Limits.nameBytesMax else { return nil }
        self.bytes = Array(bytes)
    }

    package var isRoot: Bool { bytes.count == 1 }

    /// The octets of each label, the leftmost first.
    package var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var place = 0
        while bytes[place] != 0 {
            let end = place + 1 + Int(bytes[place])
            labels.append(bytes[place + 1..<end])
            place = end
        }
        return labels
    }

    /// The name in lower case. Lengths are below 64 and so are never letters.
    package var lowercased: DNSName {
        guard bytes.contains(where: { (0x41...0x5A).contains($0) }) else { return self }
        return DNSName(trusted: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
    }

    /// Compares without case (RFC 4343).
    package func isSame(as other: DNSName) -> Bool {
        bytes.count == other.bytes.count && Self.isSame(bytes[...], other.bytes[...])
    }

    /// Returns whether `suffix` is at the end, label by label, without case. Every name is under
    /// itself and under the root.
    package func isUnder(_ suffix: DNSName) -> Bool { offset(of: suffix) != nil }

    /// Returns the offset of the suffix in `bytes`.
    package func offset(of suffix: DNSName) -> Int? {
        let start = bytes.count - suffix.bytes.count
        guard start >= 0 else { return nil }
        var place = 0
        while place < start { place += 1 + Int(bytes[place]) }
        guard place == start, Self.isSame(bytes[start...], suffix.bytes[...]) else { return nil }
        return start
    }

    private static func isSame(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        var other = right.startIndex
        for octet in left {
            let mine = (0x41...0x5A).contains(octet) ? octet | 0x20 : octet
            let theirs = right[other]
            guard mine == ((0x41...0x5A).contains(theirs) ? theirs | 0x20 : theirs) else {
                return false
            }
            other += 1
        }
        return true
    }

    /// The text with the final dot, with special characters escaped.
    package var description: String {
        if isRoot { return "." }
        var text = ""
        for label in labels {
            for octet in label {
                switch octet {
                case 0x22, 0x28, 0x29, 0x2E, 0x3B, 0x40, 0x5C, 0x24:
                    text += "\\"
                    text.unicodeScalars.append(Unicode.Scalar(octet))
                case 0x21...0x7E: text.unicodeScalars.append(Unicode.Scalar(octet))
                default:
                    let digits = String(octet)
                    text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
                }
            }
            text += "."
        }
        return text
    }
}
