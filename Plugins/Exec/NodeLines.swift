/// Formats lines about one node as Consul does: `==> NODE: text` for the run's progress, the same
/// without an arrow for the job's output, byte for byte.
enum NodeLines {
    static func notice(_ text: String, of node: String) -> String { "==> \(node): \(text)" }

    /// Prefixes each line of the output, also the empty one after its last line break. White space
    /// at the very end is not printed.
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
