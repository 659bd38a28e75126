import Glibc
import PluginAPI

/// Completes command lines: the shell starts this program with `COMP_LINE`, and it prints the
/// possible words at the end of that line.
enum ShellCompletion {
    /// The line to complete; nil in an ordinary start.
    static var question: String? {
        guard let line = getenv("COMP_LINE").map({ String(cString: $0) }) else { return nil }
        let point = getenv("COMP_POINT").flatMap { Int(String(cString: $0)) } ?? line.utf8.count
        return String(decoding: Array(line.utf8.prefix(max(0, point))), as: UTF8.self)
    }

    /// Returns the sub-commands, or the flags of the line's command, that begin with the end of the
    /// line.
    /// - Parameter table: The known commands.
    static func answers(to line: String, in table: CommandTable) -> [String] {
        var words = line.split(separator: " ").map { String($0) }.dropFirst()
        let last = line.hasSuffix(" ") ? "" : words.popLast() ?? ""
        let paths = table.commands.map { $0.path }
        if words.isEmpty, last.hasPrefix("-") {
            return ["-autocomplete-install", "-autocomplete-uninstall", "-help", "-version"]
                .filter { $0.hasPrefix(last) }
        }
        let command = table.commands.filter { words.starts(with: $0.path) }
            .max { $0.path.count < $1.path.count }
        if let command, last.hasPrefix("-") {
            return command.flags.map { "-\($0.name)" }.filter { $0.hasPrefix(last) }.sorted()
        }
        let next = paths.filter { $0.count > words.count && $0.starts(with: words) }
            .map { $0[words.count] }
        return Set(next).filter { $0.hasPrefix(last) }.sorted()
    }
}
