import ConsulAgent
import PluginAPI

/// All commands, and how a command line finds its own.
struct CommandTable: Sendable {
    /// The built-in ones. Helper commands of plugins stand beside them.
    static let builtIn: [any Command] = [
        AgentCommand(), ValidateCommand(name: "validate"), ValidateCommand(name: "configtest"),
        ConfigEffectiveCommand(), ReloadCommand(), LeaveCommand(), MembersCommand(),
        VersionCommand(), KVGetCommand(), KVPutCommand(), KVDeleteCommand(), EventCommand(),
        WatchCommand(), WatchListCommand(), WatchShowCommand(),
        WatchActionCommand(action: "pause"), WatchActionCommand(action: "resume"),
        WatchActionCommand(action: "trigger"), CatalogNodesCommand(), CatalogServicesCommand(),
        CatalogDatacentersCommand(), PluginListCommand(), CheckRunCommand(),
        CheckHistoryCommand(), InfoCommand(), JoinCommand(), ForceLeaveCommand(),
        KeygenCommand(), MaintCommand(), MonitorCommand(), ServicesRegisterCommand(),
        ServicesDeregisterCommand(), KVExportCommand(), KVImportCommand(),
        CatalogServiceCommand(),
    ]

    /// Groups: what `consul kv` alone says.
    static let groups: [String: String] = [
        "kv": "Interact with the key-value store", "catalog": "Interact with the catalog",
        "services": "Interact with services",
        "plugin": "Look at the plugins of the agent",
        "config": "Look at the configuration",
        "check": "Run checks and look at their history",
    ]

    let helpers: [String: any HelperCommand]

    /// Runs what a command line asks for.
    /// - Returns: the exit code; 127 when there is no such command.
    func run(_ words: [String], _ console: Console) async -> Int32 {
        guard let first = words.first else {
            console.error(overview)
            return 127
        }
        if ["-h", "--help", "-help"].contains(first) {
            console.out(overview)
            return 0
        }
        if ["-v", "--version", "-version"].contains(first) {
            return await execute(VersionCommand(), [], console)
        }
        if let helper = helpers[first] { return await helper.run(Array(words.dropFirst())) }
        let found = Self.builtIn.filter { words.starts(with: $0.path) }
            .max { $0.path.count < $1.path.count }
        if let found {
            return await execute(found, Array(words.dropFirst(found.path.count)), console)
        }
        if let synopsis = Self.groups[first] {
            console.error(groupHelp(first, synopsis))
            let asked = words.dropFirst().first.map { ["-h", "--help", "-help"].contains($0) }
            return asked == true ? 0 : 1
        }
        console.error(overview)
        return 127
    }

    private func execute(_ command: any Command, _ words: [String], _ console: Console) async
        -> Int32
    {
        do throws(UsageError) {
            let flags = try ParsedFlags(words, flags: command.flags)
            return await command.run(flags, console)
        } catch {
            if error.isHelpWanted {
                console.out(command.help)
                return 0
            }
            console.error(error.description)
            console.error("\n\(command.help)")
            return 1
        }
    }

    private var overview: String {
        var lines: [String: String] = Self.groups
        for command in Self.builtIn where command.path.count == 1 {
            lines[command.path[0]] = command.synopsis
        }
        for helper in helpers.values { lines[helper.name] = helper.synopsis }
        return "Usage: consul [--version] [--help] <command> [<args>]\n\n"
            + "Available commands are:\n" + Self.list(lines)
    }

    private func groupHelp(_ group: String, _ synopsis: String) -> String {
        var lines: [String: String] = [:]
        for command in Self.builtIn where command.path.count == 2 && command.path[0] == group {
            lines[command.path[1]] = command.synopsis
        }
        return "Usage: consul \(group) <subcommand> [options] [args]\n\n  \(synopsis)\n\n"
            + "Subcommands:\n" + Self.list(lines)
    }

    private static func list(_ lines: [String: String]) -> String {
        let width = lines.keys.map { $0.count }.max() ?? 0
        return lines.sorted { $0.key < $1.key }.map { name, synopsis in
            "    " + name + String(repeating: " ", count: width - name.count + 4) + synopsis
        }.joined(separator: "\n")
    }
}
