import ClientCommands
import ConsulAgent
import ConsulClient
import ConsulConfig
import ConsulModel
import PluginAPI
import Wire

/// `consul validate`, and its old name `consul configtest`.
struct ValidateCommand: Command {
    let path: [String]
    let synopsis = "Validate config files/directories"
    let usage = """
        Usage: consul validate [options] FILE_OR_DIRECTORY...

          Reads the fragments as the agent would and names everything that is wrong with them, each
          with its file, line and column. Exits with 0 when nothing is, else with 1.

          When nothing else is wrong and a definition names a type that is not built in, the
          programs in plugin_dir are started for a moment to learn what they provide, as the agent
          would. With -partial they are not; such definitions are then passed over with a warning.
        """
    let flags =
        ClientFlags.agent + [
            Flag(
                "config-format", .value,
                "Format of files without a known extension: json or yaml."),
            Flag("config-file", .list, "A file to validate, in addition to the arguments."),
            Flag("config-dir", .list, "A folder to validate, in addition to the arguments."),
            Flag(
                "partial", .bool,
                "Validate the fragments alone: values of other fragments may be missing."),
            Flag("check-ports", .bool, "Also try whether the ports of the API and DNS are free."),
            Flag(
                "hot-reload", .bool,
                "Print the changes that a reload of the running agent would make, and those that "
                    + "need a restart; nothing is changed."),
            Flag("quiet", .bool, "When given, a successful run will produce no output."),
        ]

    init(name: String) { path = [name] }

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let places =
            flags.arguments.map { ConfigSources.Location.either($0) }
            + flags.all("config-file").map { .either($0) }
            + flags.all("config-dir").map { .either($0) }
        if flags.isOn("hot-reload") {
            guard places.isEmpty else {
                console.error(
                    "-hot-reload asks the running agent about the files it was started with: "
                        + "name no others")
                return 1
            }
            return await showReload(flags, console)
        }
        guard !places.isEmpty else {
            console.error("Must specify at least one config file or directory")
            return 1
        }
        var values: [FlagValue] = []
        if flags.has("config-format") {
            values.append(FlagValue("config-format", flags["config-format"]))
        }
        let outcome: LoadOutcome
        do throws(ConsulAgentError) {
            let host = try InstalledPlugins.host()
            outcome = await host.validate(
                ConfigSources(locations: places, flags: values),
                scope: flags.isOn("partial") ? .partial : .agent)
            await host.stop()
        } catch {
            console.error("\(error)")
            return 1
        }
        for warning in outcome.warnings { console.error("warning: \(warning)") }
        var errors = outcome.errors
        if let config = outcome.config {
            errors += Listeners.tlsProblems(config)
            if flags.isOn("check-ports") { errors += await Listeners.occupiedPorts(config) }
        }
        guard errors.isEmpty else {
            for error in errors { console.error("\(error)") }
            let count = errors.count
            console.error(
                "Config validation failed: \(count) error\(count == 1 ? "" : "s")")
            return 1
        }
        if !flags.isOn("quiet") { console.out("Configuration is valid!") }
        return 0
    }

    private func showReload(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error asking for a reload's effect") {
            client throws(ConsulClientError) in
            let report = try await client.reload(isRehearsal: true)
            ReloadReportText.lines(report, changed: "would change").forEach { console.out($0) }
            return 0
        }
    }
}

/// `consul config effective`.
struct ConfigEffectiveCommand: Command {
    let path = ["config", "effective"]
    let synopsis = "Shows every setting with its value and its source"
    let usage = """
        Usage: consul config effective [options of consul agent]

          Merges defaults, fragments and flags as the agent would, and prints each setting with its
          value and the file, line and column, or flag, that it comes from.
        """
    let flags =
        AgentCommand.agentFlags + [
            Flag.format, Flag("given", .bool, "Leave out settings that have their defaults."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        do throws(ConsulAgentError) {
            let registry = try Agent.registry(InstalledPlugins.builtIn)
            let outcome = AgentCommand.sources(flags).load(
                registry: registry, rigour: .bootable
            ) { _ in }
            guard let config = outcome.config else { throw .configuration(outcome.errors) }
            for fault in outcome.tolerated { console.error("\(fault)") }
            let values = config.effective.filter {
                !flags.isOn("given") || $0.source != "default"
            }
            if flags["format"] == "json" {
                console.out(Output.json(values.map { Self.json($0) }))
            } else {
                for value in values { console.out("\(value)") }
            }
            return 0
        } catch {
            console.error("\(error)")
            return 1
        }
    }

    /// `{"Path": …, "Value": …, "Source": …}`.
    private static func json(_ value: EffectiveValue) -> JSONValue {
        let decoded = try? JSONReader.decode(JSONValue.self, from: Array(value.value.utf8))
        return .object([
            "Path": .string(value.path), "Value": decoded ?? .string(value.value),
            "Source": .string(value.source),
        ])
    }
}
