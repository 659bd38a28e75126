/// The words of the command line as bytes. Swift's strings silently repair words that are not
/// UTF-8; a repaired word is a different argument, and the change would go unnoticed.
enum GivenArguments {
    /// Returns the bytes of a word.
    /// - Parameter word: as `CommandLine.arguments` shows it.
    static func bytes(of word: String) -> [UInt8] {
        guard word.unicodeScalars.contains("\u{FFFD}") else { return Array(word.utf8) }
        return raw.last { String(decoding: $0, as: UTF8.self) == word } ?? Array(word.utf8)
    }

    /// Checks that no word loses bytes.
    /// - Parameter words: all words after the program's name.
    /// - Returns: the error for a word whose bytes would be lost; nil when there is none. The data
    ///   of `kv put` and the payload of `event` may be any bytes.
    static func problem(_ words: [String]) -> String? {
        for (index, word) in words.enumerated() where !isWhole(word) {
            let isData = ["kv put", "event"].contains { words.joined(separator: " ").hasPrefix($0) }
            if isData, index == words.count - 1 { continue }
            return "Argument \(index + 1) is not UTF-8: \(word)"
        }
        return nil
    }

    private static func isWhole(_ word: String) -> Bool { bytes(of: word) == Array(word.utf8) }

    private static var raw: [[UInt8]] {
        (0..<Int(CommandLine.argc)).compactMap { index in
            CommandLine.unsafeArgv[index].map { start in
                var bytes: [UInt8] = []
                var next = start
                while next.pointee != 0 {
                    bytes.append(UInt8(bitPattern: next.pointee))
                    next += 1
                }
                return bytes
            }
        }
    }
}
