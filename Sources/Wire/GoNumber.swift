/// Prints numbers as Go's `encoding/json` prints a float64.
enum GoNumber {
    /// Returns the shortest digits that parse to the same number, with an exponent below one
    /// millionth and from 10^21 on.
    /// - Parameter value: finite.
    static func text(_ value: Double) -> String {
        let text = "\(value)"
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "e")) else {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let exponent = Int(text[text.index(after: mark)...]) ?? 0
        var mantissa = Array(text[..<mark].utf8)
        let sign = mantissa.first == UInt8(ascii: "-") ? "-" : ""
        if !sign.isEmpty { mantissa.removeFirst() }
        var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let shown = String(decoding: digits, as: UTF8.self)
        switch exponent {
        case 0..<21:
            if digits.count <= exponent + 1 {
                return sign + shown + String(repeating: "0", count: exponent + 1 - digits.count)
            }
            return sign + shown.prefix(exponent + 1) + "." + shown.dropFirst(exponent + 1)
        case -6..<0:
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + shown
        default:
            let fraction = digits.count > 1 ? "." + shown.dropFirst() : ""
            return sign + shown.prefix(1) + fraction + (exponent < 0 ? "e" : "e+") + "\(exponent)"
        }
    }
}
