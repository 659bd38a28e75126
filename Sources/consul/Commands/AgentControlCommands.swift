import ClientCommands
import ConsulAgent
import ConsulClient
import ConsulModel
import LocalAgent
import PluginAPI
import Wire

/// `consul reload`.
struct ReloadCommand: Command {
    let path = ["reload"]
    let synopsis = "Triggers the agent to reload configuration files"
    let usage = """
        Usage: consul reload

          Causes the agent to reload configurations. This can be used instead of sending the SIGHUP
          signal to the agent. All of the new configuration comes into force, or none: with errors
          in it, the old one keeps running, and the exit code is 1.
        """
    let flags =
        ClientFlags.agent + [
            Flag.format,
            Flag("report", .bool, "Print the changes, and the settings that need a restart."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error reloading") {
            client throws(ConsulClientError) in
            let isJSON = flags["format"] == "json"
            guard flags.isOn("report") || isJSON else {
                try await client.reload()
                console.out("Configuration reload triggered")
                return 0
            }
            let report = try await client.reload(isRehearsal: false)
            if isJSON {
                console.out(Output.json(report))
                return 0
            }
            console.out("Configuration reload triggered")
            ReloadReportText.lines(report, changed: "changed").forEach { console.out($0) }
            return 0
        }
    }
}

/// Describes in words the effect of a reload, done or planned.
enum ReloadReportText {
    static func lines(_ report: ReloadReport, changed: String) -> [String] {
        let lines =
            report.changed.map { "\(changed): \($0)" }
            + report.needsRestart.map { "needs a restart: \($0)" }
        return lines.isEmpty ? ["nothing has changed"] : lines
    }
}

/// `consul leave`.
struct LeaveCommand: Command {
    let path = ["leave"]
    let synopsis = "Gracefully leaves the Consul cluster and shuts down"
    let usage = """
        Usage: consul leave [options]

          Causes the agent to gracefully leave the Consul cluster and shutdown.
        """
    let flags = ClientFlags.agent

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.isEmpty else {
            let shown = flags.arguments.joined(separator: " ")
            console.error("Error found unexpected args: [\(shown)]")
            console.out(help)
            return 1
        }
        return await withClient(flags, console, doing: "Error leaving") {
            client throws(ConsulClientError) in
            try await client.leave()
            console.out("Graceful leave complete")
            return 0
        }
    }
}

/// `consul version`.
struct VersionCommand: Command {
    let path = ["version"]
    let synopsis = "Prints the Consul version"
    let usage = """
        Usage: consul version [options]

          Prints the version of Consul and the protocol versions it understands.
        """
    let flags = [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags["format"] == "json" else {
            console.out(
                """
                Consul v\(Version.number)
                Protocol \(Version.protocolDefault) spoken by default, understands 2 to \
                \(Version.protocolMax) (agent will automatically use protocol >2 when speaking to \
                compatible agents)

                """)
            return 0
        }
        let version = JSONValue.object([
            "Version": .string(Version.number), "Revision": .string(""),
            "Prerelease": .string(""),
            "RPC": .object([
                "Default": .integer(Int64(Version.protocolDefault)), "Min": .integer(2),
                "Max": .integer(Int64(Version.protocolMax)),
            ]),
        ])
        console.out(Output.json(version))
        return 0
    }
}
