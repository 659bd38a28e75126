import ClientCommands
import ConsulClient
import ConsulModel
import LocalAgent
import PluginAPI
import Wire

/// `consul check run ID`.
struct CheckRunCommand: Command {
    let path = ["check", "run"]
    let synopsis = "Runs a check of the agent at once and shows its result"
    let usage = """
        Usage: consul check run [options] CHECK_ID

          Probes now instead of at the next interval. The result also counts as the check's. Exits
          with 0 when it passes, 1 when it warns, and 2 when it is critical.
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected one check ID")
            return 1
        }
        let path = "/v1/agent/check/run/\(ConsulClient.escape(flags.arguments[0]))"
        return await withClient(flags, console, doing: "Error running check") {
            client throws(ConsulClientError) in
            // A probe may take as long as its own timeout.
            let answer = try await client.send("PUT", path, timeout: nil).successful()
            let result: JSONValue = try answer.decode()
            let status = result["Status"]?.stringValue ?? ""
            if flags["format"] == "json" {
                console.out(Output.json(result))
            } else {
                console.out(status)
                let output = result["Output"]?.stringValue ?? ""
                if !output.isEmpty { console.out(output) }
            }
            switch CheckStatus(rawValue: status) {
            case .passing: return 0
            case .warning: return 1
            default: return 2
            }
        }
    }
}

/// `consul check history ID`.
struct CheckHistoryCommand: Command {
    let path = ["check", "history"]
    let synopsis = "Shows the last changes of a check's status"
    let usage = """
        Usage: consul check history [options] CHECK_ID

          Lists when the check's status changed, oldest first, with the output of that moment.
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected one check ID")
            return 1
        }
        let path = "check/history/\(ConsulClient.escape(flags.arguments[0]))"
        return await withClient(flags, console, doing: "Error reading history") {
            client throws(ConsulClientError) in
            let history: [CheckTransition] = try await client.agentList(path)
            if flags["format"] == "json" {
                console.out(Output.json(history))
                return 0
            }
            console.out(
                Table.format(
                    [["Time", "From", "To", "Output"]]
                        + history.map {
                            let line = $0.output.prefix { !$0.isNewline }
                            return [$0.time, $0.from, $0.to, String(line)]
                        }))
            return 0
        }
    }
}
