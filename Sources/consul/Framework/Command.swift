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
