import ConsulAgent
import Glibc
import PluginAPI
import StandardPlugins

/// Lists the plugins of this build, and finds the commands of external programs.
enum InstalledPlugins {
    static let builtIn = StandardPlugins.all(
        shell: AgentCommand.shell, dockerSocket: AgentCommand.dockerSocket)

    static func host() throws(ConsulAgentError) -> PluginHost {
        try PluginHost(builtIn: builtIn, reservedCommands: CommandTable.ownNames)
    }

    /// The folder whose programs may add commands; nil when CONSUL_PLUGIN_DIR is not set. The
    /// agent's setting does not count, since the agent may run on another machine.
    static var commandFolder: String? {
        guard let value = getenv("CONSUL_PLUGIN_DIR") else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// Adds the commands of the programs in `commandFolder`. Reports the programs that it cannot
    /// use.
    static func addExternalCommands(to table: inout CommandTable, _ console: Console) async {
        guard let folder = commandFolder else { return }
        do throws(ConsulAgentError) {
            let found = try await host().commands(in: folder)
            table.add(found.commands)
            for failure in found.failures {
                console.error("The plugin \(failure.program) is not used: \(failure.reason)")
            }
        } catch {
            console.error("\(error)")
        }
    }
}
