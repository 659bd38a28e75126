import ClientCommands
import ConsulClient
import PluginAPI

/// `consul join`.
struct JoinCommand: Command {
    let path = ["join"]
    let synopsis = "Tell Consul agent to join cluster"
    let usage = """
        Usage: consul join [options] address ...

          Tells a running Consul agent (with "consul agent") to join the cluster by specifying at
          least one existing member.
        """
    let flags =
        ClientFlags.agent + [
            Flag("wan", .bool, "Joins a server to another server in the WAN pool.")
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard !flags.arguments.isEmpty else {
            console.error("At least one address to join must be specified.\n\n\(help)")
            return 1
        }
        return await withClient(flags, console) { client in
            var joined = 0
            for address in flags.arguments {
                do throws(ConsulClientError) {
                    try await client.join(address, wan: flags.isOn("wan"))
                    joined += 1
                } catch {
                    console.error("Error joining address '\(address)': \(error)")
                }
            }
            guard joined > 0 else {
                console.error("Failed to join any nodes.")
                return 1
            }
            console.out("Successfully joined cluster by contacting \(joined) nodes.")
            return 0
        }
    }
}
