import ClientCommands
import ConsulClient
import Platform
import PluginAPI

/// `consul monitor`.
struct MonitorCommand: Command {
    let path = ["monitor"]
    let synopsis = "Stream logs from a Consul agent"
    let usage = """
        Usage: consul monitor [options]

          Shows recent log messages of a Consul agent, and attaches to the agent, outputting log
          messages as they occur in real time. The monitor lets you listen for log levels that may
          be filtered out of the Consul agent. Ends with the agent, or when interrupted.
        """
    let flags =
        ClientFlags.agent + [
            Flag("log-json", .bool, "Output logs in JSON format."),
            Flag("log-level", .value, "Log level of the agent."),
            Flag(
                "recent", .bool,
                "Begin with the newest lines of the agent's log. The default value is true."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error starting monitor") {
            client throws(ConsulClientError) in
            let level = flags.has("log-level") ? flags["log-level"] : "INFO"
            let streaming = Task { () -> ConsulClientError? in
                do throws(ConsulClientError) {
                    try await client.monitor(
                        level: level, json: flags.isOn("log-json"),
                        showsRecent: flags.isOn("recent", default: true)
                    ) { console.writeBytes($0) }
                    return nil
                } catch {
                    return error
                }
            }
            let interrupting = Task {
                for await _ in Signals.stream(of: Signals.ends) {
                    streaming.cancel()
                }
            }
            defer { interrupting.cancel() }
            let error = await streaming.value
            if streaming.isCancelled { return 0 }
            if let error { throw error }
            return 0
        }
    }
}
