/// Parses whole numbers as Go's `flag` package does: decimal, or with the prefix `0x`, `0o`, `0` or
/// `0b`, and single underscores between digits.
enum GoInteger {
    /// Returns true for decimal digits (an octal number begins with 0) that do not fit 64 bits.
    static func isTooLarge(_ text: String, isSigned: Bool) -> Bool {
        let digits = isSigned && ["-", "+"].contains(text.prefix(1)) ? text.dropFirst() : text[...]
        return digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && !digits.isEmpty && decimal(text, isSigned: isSigned) == nil
            && digits.drop { $0 == "0" }.count == digits.count
    }

    /// Parses a number.
    /// - Returns: the number in decimal; nil where the text is none, or does not fit 64 bits.
    static func decimal(_ text: String, isSigned: Bool) -> String? {
        var digits = text.lowercased()[...]
        var isNegative = false
        if isSigned, let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits.removeFirst()
        }
        var radix = 10
        if digits.count > 1, digits.hasPrefix("0") {
            let prefixes: [Character: Int] = ["x": 16, "o": 8, "b": 2]
            let named = digits.dropFirst().first.flatMap { prefixes[$0] }
            radix = named ?? 8
            digits = digits.dropFirst(named == nil ? 1 : 2)
            // One underscore may follow the prefix.
            if digits.hasPrefix("_") { digits.removeFirst() }
        }
        guard let first = digits.first, let last = digits.last, first != "_", last != "_",
            first != "+", first != "-", !digits.contains("__"),
            let magnitude = UInt64(digits.filter { $0 != "_" }, radix: radix)
        else { return nil }
        guard isSigned else { return "\(magnitude)" }
        let most = UInt64(Int64.max) + (isNegative ? 1 : 0)
        guard magnitude <= most else { return nil }
        return isNegative && magnitude > 0 ? "-\(magnitude)" : "\(magnitude)"
    }
}
