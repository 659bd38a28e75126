import ClientCommands
import ConsulClient
import LocalAgent
import PluginAPI
import Wire

/// `consul watch list`.
struct WatchListCommand: Command {
    let path = ["watch", "list"]
    let synopsis = "Lists the agent's watches"
    let usage = """
        Usage: consul watch list [options]

          Lists the watches of the agent with what each is doing and how its last run ended.
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error listing watches") {
            client throws(ConsulClientError) in
            let watches: [WatchStatus] = try await client.agentList("watches")
            if flags["format"] == "json" {
                console.out(Output.json(watches))
                return 0
            }
            console.out(
                Table.format(
                    [["ID", "Type", "State", "Fires", "Failures", "Index", "Last run"]]
                        + watches.map {
                            [
                                $0.id, $0.type, $0.state, "\($0.fires)", "\($0.failures)",
                                $0.index, Self.summary($0),
                            ]
                        }))
            return 0
        }
    }

    private static func summary(_ watch: WatchStatus) -> String {
        if !watch.error.isEmpty { return watch.error }
        return watch.runs.last.map { summary($0) } ?? "-"
    }

    static func summary(_ run: RunRecord) -> String {
        if run.isRunning { return "\(run.started) running" }
        let end = run.failure.isEmpty ? "ok" : run.failure
        return "\(run.started) \(end) in \(run.milliseconds) ms"
    }
}

/// `consul watch show ID`.
struct WatchShowCommand: Command {
    let path = ["watch", "show"]
    let synopsis = "Shows one watch of the agent with its last runs"
    let usage = """
        Usage: consul watch show [options] ID

          Shows a watch's definition, state and history: each of its last runs with its exit code
          and the end of its output.
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected the ID of one watch")
            return 1
        }
        let path = "watches/\(ConsulClient.escape(flags.arguments[0]))"
        return await withClient(flags, console, doing: "Error reading watch") {
            client throws(ConsulClientError) in
            let watch: WatchStatus = try await client.agentList(path)
            console.out(flags["format"] == "json" ? Output.json(watch) : text(watch))
            return 0
        }
    }

    private func text(_ watch: WatchStatus) -> String {
        var lines = [
            "ID        \(watch.id)", "Type      \(watch.type)", "State     \(watch.state)",
            "Handler   \(watch.handler)", "Index     \(watch.index)",
            "Fires     \(watch.fires)", "Failures  \(watch.failures)",
        ]
        if watch.droppedEvents > 0 { lines.append("Dropped   \(watch.droppedEvents) events") }
        if !watch.error.isEmpty { lines.append("Error     \(watch.error)") }
        if !watch.queryError.isEmpty { lines.append("Error     \(watch.queryError)") }
        for run in watch.runs {
            lines.append("")
            lines.append("Run \(run.number).\(run.attempt)  \(WatchListCommand.summary(run))")
            for line in run.output.split(whereSeparator: { $0.isNewline }) {
                lines.append("    \(line)")
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// `consul watch pause|resume|trigger ID`.
struct WatchActionCommand: Command {
    let action: String
    var path: [String] { ["watch", action] }
    var synopsis: String {
        "\(action.prefix(1).uppercased())\(action.dropFirst())s one watch of the agent"
    }
    var usage: String {
        """
        Usage: consul watch \(action) [options] ID

          \(meaning)
        """
    }
    let flags = ClientFlags.agent

    private var meaning: String {
        switch action {
        case "pause": "Its handler does not run until it is resumed; changes are joined meanwhile."
        case "resume": "Ends a pause; one run gets the changes made meanwhile."
        default: "Runs its handler now with the newest state, though nothing has changed."
        }
    }

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected the ID of one watch")
            return 1
        }
        let path = "/v1/agent/watches/\(ConsulClient.escape(flags.arguments[0]))"
        return await withClient(flags, console, doing: "Error") {
            client throws(ConsulClientError) in
            _ = try await client.send("PUT", path, [("action", action)]).successful()
            return 0
        }
    }
}
