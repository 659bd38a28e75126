import PluginAPI

/// A command that a plugin of the box brings, as the plugin registry has it.
struct CommandHelper: HelperCommand {
    /// All of them.
    static let all: [any HelperCommand] = [
        CommandHelper(command: LockCommand()), CommandHelper(command: ExecCommand()),
    ]

    let command: any Command
    var name: String { command.path[0] }
    var synopsis: String { command.synopsis }

    func run(_ arguments: [String]) async -> Int32 {
        await CommandTable(helpers: [:]).run(command.path + arguments, .standard)
    }
}
