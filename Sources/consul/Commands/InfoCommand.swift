import ClientCommands
import ConsulClient
import PluginAPI
import Wire

/// `consul info`.
struct InfoCommand: Command {
    let path = ["info"]
    let synopsis = "Provides debugging information for operators."
    let usage = """
        Usage: consul info [options]

          Provides debugging information for operators
        """
    let flags = ClientFlags.agent + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error querying agent") {
            client throws(ConsulClientError) in
            let agent: JSONValue = try await client.agentList("self")
            guard case .object(let sections)? = agent["Stats"] else {
                console.error("Agent response did not contain 'Stats' key")
                return 1
            }
            if flags["format"] == "json" {
                console.out(Output.json(sections))
                return 0
            }
            for (name, section) in sections.sorted(by: { $0.key < $1.key }) {
                console.out("\(name):")
                guard case .object(let values) = section else { continue }
                for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                    console.out("\t\(key) = \(value.stringValue ?? "")")
                }
            }
            return 0
        }
    }
}
