import ClientCommands
import ConsulAgent
import ConsulClient
import ConsulModel
import Glibc
import Platform
import PluginAPI
import Primitives
import Watch
import Wire

/// `consul watch`: runs a watch's query from outside the agent and starts a program at every
/// change, or prints the data once.
struct WatchCommand: Command {
    let path = ["watch"]
    let synopsis = "Watch for changes in Consul"
    let usage = """
        Usage: consul watch [options] [child...]

          Watches for changes in a given data view from Consul. If a child process is specified, it
          will be invoked with the latest results on changes. Otherwise, the latest values are
          printed to stdout and the watch terminates.

          Providing the watch type is required, and other parameters may be required or supported
          depending on the watch type.
        """
    let flags =
        ClientFlags.server + [
            Flag(
                "type", .value,
                "Specifies the watch type. One of key, keyprefix, services, nodes, "
                    + "service, checks, or event."),
            Flag("key", .value, "Specifies the key to watch. Only for 'key' type."),
            Flag("prefix", .value, "Specifies the key prefix to watch. Only for 'keyprefix' type."),
            Flag(
                "service", .value,
                "Specifies the service to watch. Required for 'service' type, optional "
                    + "for 'checks' type."),
            Flag(
                "tag", .list,
                "Specifies the service tag(s) to filter on. Optional for 'service' type. "
                    + "May be specified multiple times."),
            Flag(
                "passingonly", .value,
                "Specifies if only hosts passing all checks are displayed. Optional for "
                    + "'service' type, must be one of `[true|false]`. Defaults false."),
            Flag("state", .value, "Specifies the states to watch. Optional for 'checks' type."),
            Flag("name", .value, "Specifies an event name to watch. Only for 'event' type."),
            Flag("filter", .value, "Filter to use with the request"),
            Flag(
                "shell", .bool,
                "Use a shell to run the command (can set a custom shell via the SHELL "
                    + "environment variable)."),
            Flag(
                "no-initial", .bool,
                "Do not run the child for the state at the start, only for changes."),
            Flag("once", .bool, "End after the child has run once, with its exit code."),
            Flag("timeout", .value, "End with exit code 3 when nothing changed for this long."),
            Flag(
                "child-exit-code-exact", .bool,
                "End with the child's own exit code when it fails, instead of 1."),
            Flag(
                "changes", .bool,
                "Pass the added, modified and removed items, with old values."),
            Flag("dry-run", .bool, "Print the handler of each watch of the agent, and end."),
        ]

    /// Types whose query needs the agent itself.
    private static let needingTheAgent = [
        "connect_roots", "connect_leaf", "agent_service", "members", "query",
    ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        if flags.isOn("dry-run") { return await dryRun(flags, console) }
        let definition: WatchDefinition
        guard !flags["type"].isEmpty else {
            console.error("Watch type must be specified\n\n\(help)")
            return 1
        }
        do throws(UsageError) {
            definition = try self.definition(flags)
        } catch {
            console.error("\(error)")
            return 1
        }
        return await withClient(flags, console) { client throws(ConsulClientError) in
            // Reports an unreachable agent before the watch begins.
            _ = try await client.nodeName()
            let host = WatchCommandHost(
                definition: definition, client: client, console: console,
                child: child(flags), options: options(flags))
            return await host.run()
        }
    }

    private func definition(_ flags: ParsedFlags) throws(UsageError) -> WatchDefinition {
        var source = WatchSource()
        source.type = flags["type"]
        source.key = flags["key"]
        source.prefix = flags["prefix"]
        source.service = flags["service"]
        source.tag = OneOrMany(flags.all("tag"))
        source.state = flags["state"]
        source.name = flags["name"]
        source.filter = flags["filter"]
        let passingOnly = flags["passingonly"]
        if !passingOnly.isEmpty {
            guard let isOn = ParsedFlags.bool(passingOnly) else {
                throw UsageError(
                    description: "Failed to parse passingonly flag: strconv.ParseBool: parsing "
                        + "\"\(passingOnly)\": invalid syntax")
            }
            source.passingOnly = isOn
        }
        if flags.has("timeout"), GoDuration(flags["timeout"]).map({ $0 <= .zero }) ?? true {
            throw UsageError(
                description: "Invalid -timeout \"\(flags["timeout"])\": write it as 90s or 5m")
        }
        if Self.needingTheAgent.contains(source.type) {
            throw UsageError(
                description: "Type \(source.type) is not supported in the CLI tool")
        }
        if let problem = WatchRules.sourceProblems(source, at: "").first {
            throw UsageError(description: problem.message)
        }
        var definition = WatchDefinition()
        definition.source = source
        definition.fireOnStart = !flags.isOn("no-initial")
        definition.changes = flags.isOn("changes")
        return definition
    }

    private func child(_ flags: ParsedFlags) -> [String] {
        guard !flags.arguments.isEmpty, flags.isOn("shell", default: true) else {
            return flags.arguments
        }
        return [AgentCommand.shell, "-c", flags.arguments.joined(separator: " ")]
    }

    private func options(_ flags: ParsedFlags) -> WatchCommandHost.Options {
        WatchCommandHost.Options(
            endsAfterOne: flags.isOn("once"), timeout: GoDuration(flags["timeout"]),
            passesExactCode: flags.isOn("child-exit-code-exact"))
    }

    /// Prints the agent's configured watches and their handlers.
    private func dryRun(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error listing watches") {
            client throws(ConsulClientError) in
            let path = "/v1/agent/watches"
            let watches: [JSONValue] = try await client.send("GET", path).successful().decode()
            for watch in watches {
                let definition = watch["Definition"]
                let words = definition?["Args"]?.arrayValue?.compactMap { $0.stringValue }
                let target =
                    words?.joined(separator: " ") ?? definition?["Handler"]?.stringValue
                    ?? definition?["HTTPHandlerConfig"]?["Path"]?.stringValue ?? ""
                let handler = watch["Handler"]?.stringValue ?? ""
                console.out("\(watch["ID"]?.stringValue ?? ""): \(handler) \(target)")
            }
            return 0
        }
    }
}
