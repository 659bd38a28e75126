package import PluginAPI

/// Lists flags in two forms: in a command's help and, as Go's `flag` package does, after an error
/// about a flag.
extension Flag {
    /// Returns the help's name for the value, and the help without the quotes around it: a word in
    /// backquotes names the value, as in Go.
    var shown: (value: String, help: String) {
        let parts = help.split(separator: "`", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return (type == "pair" ? "value" : type, help) }
        return (String(parts[1]), parts.joined())
    }

    /// Returns `-name=<value>` and the text below it.
    var entry: String {
        let head = form == .bool ? "  -\(name)" : "  -\(name)=<\(shown.value)>"
        return head + "\n" + Self.wrapped(shown.help)
    }

    /// Returns `-name value`, and the text on a line of its own.
    var usage: String {
        let head = form == .bool ? "  -\(name)" : "  -\(name) \(shown.value)"
        return head + "\n    \t" + shown.help
    }

    /// Wraps into lines of at most 72 columns with five leading spaces, as Consul does.
    private static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count + 1 > 67 {
                lines.append("     " + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append("     " + line) }
        return lines.joined(separator: "\n")
    }
}

extension Command {
    /// Returns the help for `-h`.
    package var help: String {
        let (own, client) = sortedFlags
        var text = usage
        for (title, flags) in [("HTTP API Options", client), ("Command Options", own)]
        where !flags.isEmpty {
            text += "\n\n\(title)\n\n" + flags.map { $0.entry }.joined(separator: "\n\n")
        }
        return text
    }

    /// Returns the list that follows an error about a flag.
    package var flagUsage: String {
        let all = (sortedFlags.own + sortedFlags.client).sorted { $0.name < $1.name }
        return (["Usage:"] + all.map { $0.usage }).joined(separator: "\n")
    }

    private var sortedFlags: (own: [Flag], client: [Flag]) {
        let shown = flags.sorted { $0.name < $1.name }
        let isClient = { (flag: Flag) in ClientFlags.all.contains { $0.name == flag.name } }
        return (shown.filter { !isClient($0) }, shown.filter { isClient($0) })
    }
}
