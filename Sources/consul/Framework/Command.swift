import Glibc
import Platform

/// One command of `consul`. A command is one file in `Commands`.
protocol Command: Sendable {
    /// The words that call it: `["kv", "get"]`.
    var path: [String] { get }
    /// One line for the list of commands.
    var synopsis: String { get }
    /// What stands above the flags in its help: usage and what it does.
    var usage: String { get }
    var flags: [Flag] { get }
    /// - Returns: the exit code.
    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32
}

extension Command {
    /// The help as `-h` prints it.
    var help: String {
        var text = usage
        let shown = flags.filter { !$0.isHidden }
        let own = shown.filter { flag in !ClientFlags.all.contains { $0.name == flag.name } }
        let client = shown.filter { flag in ClientFlags.all.contains { $0.name == flag.name } }
        if !client.isEmpty { text += "\n\nHTTP API Options\n\n" + Self.list(client) }
        if !own.isEmpty { text += "\n\nCommand Options\n\n" + Self.list(own) }
        return text
    }

    private static func list(_ flags: [Flag]) -> String {
        flags.sorted { $0.name < $1.name }.map { flag in
            let head = flag.form == .bool ? "  -\(flag.name)" : "  -\(flag.name)=<value>"
            return head + "\n" + wrapped(flag.help)
        }.joined(separator: "\n\n")
    }

    /// Lines of at most 72 columns behind five spaces, as Consul sets them.
    private static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count + 1 > 72 {
                lines.append("     " + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append("     " + line) }
        return lines.joined(separator: "\n")
    }
}

/// Where a command prints. Tests read it back.
struct Console: Sendable {
    var write: @Sendable (String) -> Void
    var writeError: @Sendable (String) -> Void
    /// Bytes as they are: a key's value.
    var writeBytes: @Sendable ([UInt8]) -> Void
    /// What a child wrote to its standard error.
    var writeErrorBytes: @Sendable ([UInt8]) -> Void

    static let standard = Console(
        write: { Self.put(Array(($0 + "\n").utf8), 1) },
        writeError: { Self.put(Array(($0 + "\n").utf8), 2) },
        writeBytes: { Self.put($0, 1) },
        writeErrorBytes: { Self.put($0, 2) })

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func out(_ text: String) { write(text) }
    func error(_ text: String) { writeError(text) }
}
