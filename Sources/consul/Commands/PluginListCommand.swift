import ClientCommands
import ConsulClient
import PluginAPI
import Wire

/// `consul plugin list`.
struct PluginListCommand: Command {
    let path = ["plugin", "list"]
    let synopsis = "Lists the plugins of the agent"
    let usage = """
        Usage: consul plugin list [options]

          Lists what is plugged into the agent: check types, handler kinds, commands and event
          responders, built in or from programs in plugin_dir, with their state and last error.
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error listing plugins") {
            client throws(ConsulClientError) in
            let plugins: [PluginStatus] = try await client.agentList("plugins")
            if flags["format"] == "json" {
                console.out(Output.json(plugins))
                return 0
            }
            console.out(
                Table.format(
                    [["Name", "Version", "State", "Restarts", "Provides", "Origin", "Error"]]
                        + plugins.map {
                            [
                                $0.name, $0.version, $0.state, "\($0.restarts)",
                                $0.provides.joined(separator: ","), $0.origin, $0.error,
                            ]
                        }))
            return 0
        }
    }
}
