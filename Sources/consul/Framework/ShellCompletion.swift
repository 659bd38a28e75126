import Glibc
import Platform

/// Completion on the command line: the shell starts this program with `COMP_LINE`, and it prints
/// what could stand at the end of that line.
enum ShellCompletion {
    /// The line the shell asks about; nil when this is an ordinary start.
    static var question: String? {
        guard let line = getenv("COMP_LINE").map({ String(cString: $0) }) else { return nil }
        let point = getenv("COMP_POINT").flatMap { Int(String(cString: $0)) } ?? line.utf8.count
        return String(decoding: Array(line.utf8.prefix(max(0, point))), as: UTF8.self)
    }

    /// Sub-commands, or the flags of the command that the line names, which begin as the line ends.
    /// - Parameter helpers: names of commands that plugins bring.
    static func answers(to line: String, helpers: [String] = []) -> [String] {
        var words = line.split(separator: " ").map { String($0) }.dropFirst()
        let last = line.hasSuffix(" ") ? "" : words.popLast() ?? ""
        let paths = CommandTable.builtIn.map { $0.path } + helpers.map { [$0] }
        if words.isEmpty, last.hasPrefix("-") {
            return ["-autocomplete-install", "-autocomplete-uninstall", "-help", "-version"]
                .filter { $0.hasPrefix(last) }
        }
        let command = CommandTable.builtIn.filter { words.starts(with: $0.path) }
            .max { $0.path.count < $1.path.count }
        if let command, last.hasPrefix("-") {
            return command.flags.map { "-\($0.name)" }.filter { $0.hasPrefix(last) }.sorted()
        }
        let next = paths.filter { $0.count > words.count && $0.starts(with: words) }
            .map { $0[words.count] }
        return Set(next).filter { $0.hasPrefix(last) }.sorted()
    }

    // MARK: Installation

    /// A shell's start file, and what stands in it when completion is on.
    private struct Shell {
        var file: String
        var text: String
    }

    /// `-autocomplete-install` and `-autocomplete-uninstall`, for the shells whose start files
    /// exist.
    /// - Returns: the exit code.
    static func change(installs: Bool, removes: Bool, _ console: Console) -> Int32 {
        guard installs != removes else {
            return fail(
                "Either the autocomplete install or uninstall flag may be specified, but not both.",
                console)
        }
        let shells = shells()
        guard !shells.isEmpty else { return fail("Did not find any shells to install", console) }
        var problems: [String] = []
        for shell in shells {
            do throws(FileError) {
                let isThere = try contents(shell.file).contains(shell.text)
                if installs, isThere {
                    problems.append("already installed in \(shell.file)")
                } else if installs {
                    try write(shell.file, shell.text + "\n", O_APPEND)
                } else if isThere {
                    try remove(shell)
                } else {
                    problems.append("not installed in \(shell.file)")
                }
            } catch {
                problems.append("\(error)")
            }
        }
        guard !problems.isEmpty else { return 0 }
        let count = problems.count == 1 ? "1 error" : "\(problems.count) errors"
        return fail(
            "\(count) occurred:\n" + problems.map { "\t* \($0)\n" }.joined() + "\n", console)
    }

    private static func fail(_ reason: String, _ console: Console) -> Int32 {
        console.error("Error executing CLI: \(reason)")
        return 1
    }

    private static func shells() -> [Shell] {
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        let program = self.program
        var shells: [Shell] = []
        let bash = [".bashrc", ".bash_profile", ".bash_login", ".profile"]
            .map { "\(home)/\($0)" }.first { Files.exists($0) }
        if let bash { shells.append(Shell(file: bash, text: "complete -C \(program) consul")) }
        let zsh = "\(home)/.zshrc"
        if Files.exists(zsh) {
            shells.append(
                Shell(
                    file: zsh,
                    text: "autoload -U +X bashcompinit && bashcompinit\n"
                        + "complete -o nospace -C \(program) consul"))
        }
        return shells
    }

    /// This program, as the shell will have to start it.
    private static var program: String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return "consul" }
        return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func contents(_ file: String) throws(FileError) -> String {
        String(decoding: try Files.read(file, limit: 16 << 20), as: UTF8.self)
    }

    /// The same file stays, for it may be linked to from elsewhere.
    private static func remove(_ shell: Shell) throws(FileError) {
        let text = try contents(shell.file)
        let line = shell.text + "\n"
        guard let place = text.firstRange(of: line) ?? text.firstRange(of: shell.text) else {
            return
        }
        try write(
            shell.file, String(text[..<place.lowerBound] + text[place.upperBound...]), O_TRUNC)
    }

    private static func write(_ file: String, _ text: String, _ mode: Int32) throws(FileError) {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC | mode)
        guard descriptor >= 0 else { throw FileError("open", file, code: errno) }
        defer { close(descriptor) }
        let code = Files.writeAll(descriptor, Array(text.utf8))
        guard code == 0 else { throw FileError("write", file, code: code) }
    }
}
