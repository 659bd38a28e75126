/// The header fields of a response, stored as the lines that are sent.
///
/// The transport alone sets the framing: `Connection`, `Content-Length` and `Transfer-Encoding` are
/// dropped. Control characters in names and values become blanks, so that no value splits a
/// response.
package struct HeaderFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// `Name: value`, each with its line end.
    private(set) var lines: [UInt8] = []
    /// Whether one of them is named `Vary`. An empty one prevents the transport's.
    private(set) var hasVary = false
    private(set) var hasContentEncoding = false

    package init() {}

    /// Reserves `count` bytes of lines.
    package init(reserving count: Int) { lines.reserveCapacity(count) }

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name: name, value: value) }
    }

    package mutating func add(name: String, value: String) {
        switch name.utf8.count {
        case 4 where Self.equal(name, "Vary"):
            hasVary = true
            if value.isEmpty { return }
        case 10 where Self.equal(name, "Connection"): return
        case 14 where Self.equal(name, "Content-Length"): return
        case 16 where Self.equal(name, "Content-Encoding"): hasContentEncoding = true
        case 17 where Self.equal(name, "Transfer-Encoding"): return
        default: break
        }
        append(name)
        lines.append(UInt8(ascii: ":"))
        lines.append(0x20)
        append(value)
        endLine()
    }

    /// Adds a field with a fixed name and a number, the most common kind.
    package mutating func add(name: StaticString, number: UInt64) {
        lines.append(
            contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        lines.append(UInt8(ascii: ":"))
        lines.append(0x20)
        // Digits from the last on, at the end of 20 bytes, the longest number.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var position = 20
            var rest = number
            repeat {
                position -= 1
                digits[position] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            lines.append(contentsOf: UnsafeBufferPointer(rebasing: digits[position...]))
        }
        endLine()
    }

    /// Adds fixed lines, each with its end.
    package mutating func add(lines fixed: StaticString) {
        lines.append(
            contentsOf: UnsafeBufferPointer(start: fixed.utf8Start, count: fixed.utf8CodeUnitCount))
    }

    package func contains(name: String) -> Bool {
        lines.withUnsafeBytes { bytes in
            RawText.with(bytes) { text in
                var rest = text
                while let line = FieldLine(&rest) {
                    if Self.equal(name, line.name) { return true }
                }
                return false
            }
        }
    }

    private mutating func endLine() {
        lines.append(0x0D)
        lines.append(0x0A)
    }

    private mutating func append(_ text: String) {
        let start = lines.count
        lines.append(contentsOf: text.utf8)
        for position in start..<lines.count
        where lines[position] < 0x20 && lines[position] != 0x09 {
            lines[position] = 0x20
        }
    }

    private static func equal(_ name: String, _ other: RawText) -> Bool {
        name.utf8.count == other.count
            && zip(name.utf8, 0..<other.count).allSatisfy {
                ASCII.lowered($0) == ASCII.lowered(other[$1])
            }
    }

    private static func equal(_ name: String, _ other: StaticString) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            RawText.with(UnsafeRawBufferPointer(bytes)) { $0.equals(other) }
        }
    }
}
