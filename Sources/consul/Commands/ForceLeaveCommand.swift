import ClientCommands
import ConsulClient
import PluginAPI

/// `consul force-leave`.
struct ForceLeaveCommand: Command {
    let path = ["force-leave"]
    let synopsis = "Forces a member of the cluster to enter the \"left\" state"
    let usage = """
        Usage: consul force-leave [options] name

          Forces a member of a Consul cluster to enter the "left" state. If the member is still
          alive, it will eventually rejoin the cluster. This is for cleaning out "failed" nodes that
          are never coming back.
        """
    let flags =
        ClientFlags.agent + [
            Flag("prune", .bool, "Remove agent completely from list of members")
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("A single node name must be specified to force leave.\n\n\(help)")
            return 1
        }
        return await withClient(flags, console, doing: "Error force leaving") {
            client throws(ConsulClientError) in
            try await client.forceLeave(flags.arguments[0], prune: flags.isOn("prune"))
            return 0
        }
    }
}
