import ClientCommands
import ConsulAgent
import PluginAPI

/// Holds all commands and runs the one that a command line names.
struct CommandTable: Sendable {
    /// The program's own commands. The plugin registry provides the others, lock and exec among
    /// them.
    static let own: [any Command] = [
        AgentCommand(), ValidateCommand(name: "validate"), ValidateCommand(name: "configtest"),
        ConfigEffectiveCommand(), ReloadCommand(), LeaveCommand(), MembersCommand(),
        VersionCommand(), KVGetCommand(), KVPutCommand(), KVDeleteCommand(), EventCommand(),
        EventStatusCommand(),
        WatchCommand(), WatchListCommand(), WatchShowCommand(),
        WatchActionCommand(action: "pause"), WatchActionCommand(action: "resume"),
        WatchActionCommand(action: "trigger"), CatalogNodesCommand(), CatalogServicesCommand(),
        CatalogDatacentersCommand(), PluginListCommand(), CheckRunCommand(),
        CheckHistoryCommand(), InfoCommand(), JoinCommand(), ForceLeaveCommand(),
        KeygenCommand(), KeyringCommand(), MaintCommand(), MonitorCommand(),
        ServicesRegisterCommand(), ServicesDeregisterCommand(), KVExportCommand(),
        KVImportCommand(), KVDiffCommand(),
        KVSyncCommand(), KVCopyCommand(kind: .copy), KVCopyCommand(kind: .move),
        CatalogServiceCommand(), RaftListPeersCommand(), RaftRemovePeerCommand(),
        DebugCommand(),
        SnapshotSaveCommand(), SnapshotRestoreCommand(), SnapshotInspectCommand(),
        RaftInspectCommand(), RTTCommand(), QueryCommand(), ReachabilityCommand(),
    ]

    /// The first words of the program's own commands and groups: no external program may take
    /// them.
    static let ownNames = Set((own.map { $0.path } + CommandGroup.paths).compactMap { $0.first })

    private(set) var commands: [any Command]

    init(_ registry: PluginRegistry) { commands = Self.own + registry.commands }

    /// Adds the commands of external programs, whose names are free.
    mutating func add(_ commands: [any Command]) { self.commands += commands }

    /// True if external commands are needed: for the list of all commands, and for an unknown name.
    func needsExternalCommands(_ words: [String]) -> Bool {
        let line = CommandLineWords(words, commands: paths)
        return line.path.isEmpty ? !line.wantsVersion : !paths.contains(line.path)
    }

    /// Runs the command of a command line. Requested help goes to standard output, help in place of
    /// an answer to standard error.
    /// - Returns: the exit code; 127 when there is no such command.
    func run(_ words: [String], _ console: Console) async -> Int32 {
        let line = CommandLineWords(words, commands: paths)
        if line.wantsVersion {
            return await VersionCommand().run(.none, console)
        }
        let command = commands.first { $0.path == line.path }
        if let command, command.parsesOwnArguments, !line.hasFlagsBefore {
            return await command.run(ParsedFlags(verbatim: line.arguments), console)
        }
        if line.wantsHelp, line.path.isEmpty {
            console.out(overview)
            return 0
        }
        if line.installsCompletion || line.removesCompletion {
            return CompletionInstall.change(
                installs: line.installsCompletion, removes: line.removesCompletion, console)
        }
        if let command { return await run(command, line, console) }
        let name = line.path.joined(separator: " ")
        if let group = CommandGroup.all[name] {
            let help = group.help(of: name, among: commands)
            if line.wantsHelp {
                console.out(help)
                return 0
            }
            complain(line, console)
            console.error(help)
            return 1
        }
        console.error(overview)
        return 127
    }

    private func run(_ command: any Command, _ line: CommandLineWords, _ console: Console) async
        -> Int32
    {
        if line.wantsHelp {
            console.out(command.help)
            return 0
        }
        if complain(line, console) {
            console.error(command.help)
            return 1
        }
        do throws(UsageError) {
            let flags = try ParsedFlags(line.arguments, flags: command.flags)
            if flags.has("format"), !["pretty", "json"].contains(flags["format"]) {
                console.error("Unknown format: \(flags["format"])")
                return 1
            }
            return await command.run(flags, console)
        } catch {
            if !error.isHelpWanted { console.error(error.description) }
            console.error(command.flagUsage)
            return 1
        }
    }

    /// True if flags precede the command.
    @discardableResult
    private func complain(_ line: CommandLineWords, _ console: Console) -> Bool {
        guard line.hasFlagsBefore else { return false }
        console.error(
            "Invalid flags before the subcommand. If these flags are for\n"
                + "the subcommand, please put them after the subcommand.\n")
        return true
    }

    /// The words that name a command or a group.
    var paths: [[String]] { commands.map { $0.path } + CommandGroup.paths }

    private var overview: String {
        var lines = CommandGroup.all.filter { !$0.key.contains(" ") }.mapValues { $0.synopsis }
        for command in commands where command.path.count == 1 {
            lines[command.path[0]] = command.synopsis
        }
        return "Usage: consul [--version] [--help] <command> [<args>]\n\n"
            + "Available commands are:\n" + CommandGroup.list(lines) + "\n"
    }
}

/// A word that precedes other commands: `consul kv` alone lists them.
struct CommandGroup: Sendable {
    let synopsis: String
    /// The most common commands, for a newcomer.
    var examples: [(meaning: String, line: String)] = []
    /// Consul's own text, if it is not a list of examples.
    var text: String?

    /// The groups by their words, joined with spaces.
    static let all: [String: CommandGroup] = [
        "kv": CommandGroup(
            synopsis: "Interact with the key-value store",
            examples: [
                ("Write a value", "consul kv put app/mode production"),
                ("Read it back", "consul kv get app/mode"),
                ("List the keys below a prefix", "consul kv get -recurse app/"),
                ("Delete it", "consul kv delete app/mode"),
                ("Make a tree equal to a folder", "consul kv sync -prune ./settings app/"),
            ]),
        "catalog": CommandGroup(
            synopsis: "Interact with the catalog",
            examples: [
                ("List all datacenters", "consul catalog datacenters"),
                ("List all nodes", "consul catalog nodes"),
                ("List all services", "consul catalog services"),
                ("Show the instances of one service", "consul catalog service web"),
            ]),
        "services": CommandGroup(
            synopsis: "Interact with services",
            examples: [("Register what a file defines", "consul services register web.json")]),
        "plugin": CommandGroup(
            synopsis: "Look at the plugins of the agent",
            examples: [("List all plugins", "consul plugin list")]),
        "config": CommandGroup(
            synopsis: "Look at the configuration",
            examples: [("Show what was set", "consul config effective -given -config-dir=config.d")]
        ),
        "check": CommandGroup(
            synopsis: "Run checks and look at their history",
            examples: [("Run a check at once", "consul check run root-disk")]),
        "snapshot": CommandGroup(
            synopsis: "Saves, restores and inspects snapshots of Consul server state",
            examples: [
                ("Save the servers' state", "consul snapshot save backup.snap"),
                ("Put it back", "consul snapshot restore backup.snap"),
                ("Look at the file", "consul snapshot inspect backup.snap"),
            ]),
        "operator": CommandGroup(
            synopsis: "Provides cluster-level tools for Consul operators",
            text: """
                  Provides cluster-level tools for Consul operators, such as interacting with
                  the Raft subsystem. NOTE: Use this command with extreme caution, as improper
                  use could lead to a Consul outage and even loss of data.

                  If ACLs are enabled then a token with operator privileges may be required in
                  order to use this command. Requests are forwarded internally to the leader
                  if required, so this can be run from any Consul node in a cluster.

                  Run consul operator <subcommand> with no arguments for help on that
                  subcommand.


                """),
        "operator raft": CommandGroup(
            synopsis: "Provides cluster-level tools for Consul operators",
            text: """
                The Raft operator command is used to interact with Consul's Raft subsystem. The
                command can be used to verify Raft peers or in rare cases to recover quorum by
                removing invalid peers.


                """),
    ]

    static let paths = all.keys.map { $0.split(separator: " ").map(String.init) }

    func help(of name: String, among commands: [any Command]) -> String {
        let words = name.split(separator: " ").map(String.init)
        let below =
            commands.map { ($0.path, $0.synopsis) }
            + Self.all.map { ($0.split(separator: " ").map(String.init), $1.synopsis) }
        var lines: [String: String] = [:]
        for (path, synopsis) in below
        where path.count == words.count + 1 && path.starts(with: words) {
            lines[path[words.count]] = synopsis
        }
        if let text {
            return "Usage: consul \(name) <subcommand> [options]\n\n" + text + "Subcommands:\n"
                + Self.list(lines)
        }
        let shown = examples.map { "  \($0.meaning):\n\n      $ \($0.line)\n\n" }.joined()
        return "Usage: consul \(name) <subcommand> [options] [args]\n\n  \(synopsis).\n\n" + shown
            + "  For more, ask a subcommand for its help (-h).\n\n"
            + "Subcommands:\n" + Self.list(lines)
    }

    static func list(_ lines: [String: String]) -> String {
        let width = lines.keys.map { $0.count }.max() ?? 0
        return lines.sorted { $0.key < $1.key }.map { name, synopsis in
            "    " + name + String(repeating: " ", count: width - name.count + 4) + synopsis
        }.joined(separator: "\n")
    }
}
