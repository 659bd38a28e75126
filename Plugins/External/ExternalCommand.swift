import PluginAPI

/// Runs a command of an external program: `consul NAME WORD…` becomes `PROGRAM NAME WORD…`.
struct ExternalCommand: Command {
    let name: String
    let synopsis: String
    let program: String

    var path: [String] { [name] }
    var usage: String { "Usage: consul \(name) [options] [args]\n\n  \(synopsis)" }
    var flags: [Flag] { [] }
    var parsesOwnArguments: Bool { true }

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        console.error(console.become([program, name] + flags.arguments))
        return ExitCode.notStarted
    }

    private enum ExitCode {
        /// The exit code of shells for a program that cannot be executed.
        static let notStarted: Int32 = 126
    }
}
