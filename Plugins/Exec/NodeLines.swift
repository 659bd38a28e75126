/// Lines about one node, as Consul prints them: `==> NODE: text` for what became of it, the same
/// without an arrow for what its job wrote, byte for byte.
enum NodeLines {
    static func notice(_ text: String, of node: String) -> String { "==> \(node): \(text)" }

    /// A line for each of the output's, also for the empty one behind its last line break. White
    /// space at the very end is not printed.
    /// - Returns: with a line break at the end.
    static func output(_ bytes: [UInt8], of node: String) -> [UInt8] {
        let head = Array("    \(node): ".utf8)
        var lines = Array(
            bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { head + $0 }
                .joined(separator: [0x0A]))
        while let last = lines.last, last == 0x20 || (0x09...0x0D).contains(last) {
            lines.removeLast()
        }
        return lines + [0x0A]
    }
}
