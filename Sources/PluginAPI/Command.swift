/// Adds a command to the program: `consul NAME …`. The program's own commands, those of built-in
/// plugins and those of external programs are all of this type, in one table.
public protocol Command: Sendable {
    /// Names the command: `["kv", "get"]`.
    var path: [String] { get }
    /// Describes the command in the list of commands, in one line.
    var synopsis: String { get }
    /// Precedes the flags in the command's help.
    var usage: String { get }
    var flags: [Flag] { get }
    /// True for a command that parses its own arguments: `run` gets all words as arguments, `-h`
    /// too, and `flags` is empty.
    var parsesOwnArguments: Bool { get }
    /// Runs the command.
    /// - Returns: the exit code.
    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32
}

extension Command {
    public var parsesOwnArguments: Bool { false }
    /// The words of the path with spaces between them.
    public var name: String { path.joined(separator: " ") }
}

/// A command's input and output. Tests substitute their own.
public struct Console: Sendable {
    /// Writes a line to standard output.
    public var write: @Sendable (String) -> Void
    /// Writes a line to standard error.
    public var writeError: @Sendable (String) -> Void
    /// Writes bytes unchanged to standard output: a key's value.
    public var writeBytes: @Sendable ([UInt8]) -> Void
    /// Writes bytes unchanged to standard error.
    public var writeErrorBytes: @Sendable ([UInt8]) -> Void
    /// Reads standard input to its end, or until it has more bytes than the given number.
    public var readInput: @Sendable (Int) throws(UsageError) -> [UInt8]
    /// Replaces this process by a program with these arguments (the first is its path), so that
    /// its streams, signals and exit code are the terminal's own. Returns only when the program
    /// cannot be started, with the reason.
    public var become: @Sendable ([String]) -> String

    public init(
        write: @escaping @Sendable (String) -> Void,
        writeError: @escaping @Sendable (String) -> Void,
        writeBytes: @escaping @Sendable ([UInt8]) -> Void,
        writeErrorBytes: @escaping @Sendable ([UInt8]) -> Void,
        readInput: @escaping @Sendable (Int) throws(UsageError) -> [UInt8],
        become: @escaping @Sendable ([String]) -> String
    ) {
        self.write = write
        self.writeError = writeError
        self.writeBytes = writeBytes
        self.writeErrorBytes = writeErrorBytes
        self.readInput = readInput
        self.become = become
    }

    public func out(_ text: String) { write(text) }
    public func error(_ text: String) { writeError(text) }
}
