import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI

/// `consul operator raft list-peers`.
struct RaftListPeersCommand: Command {
    let path = ["operator", "raft", "list-peers"]
    let synopsis = "Display the current Raft peer configuration"
    let usage = """
        Usage: consul operator raft list-peers [options]

          Displays the current Raft peer configuration.
        """
    let flags = ClientFlags.server + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error getting peers") {
            client throws(ConsulClientError) in
            let configuration = try await client.raftConfiguration()
            if flags["format"] == "json" {
                console.out(Output.json(configuration))
                return 0
            }
            let header = ["Node", "ID", "Address", "State", "Voter", "RaftProtocol"]
            console.out(
                Table.format(
                    [header]
                        + configuration.servers.map { server in
                            [
                                server.node, server.id, server.address,
                                server.isLeader ? "leader" : "follower",
                                server.isVoter ? "true" : "false",
                                server.protocolVersion.isEmpty ? "<=1" : server.protocolVersion,
                            ]
                        }))
            return 0
        }
    }
}

/// `consul operator raft remove-peer`.
struct RaftRemovePeerCommand: Command {
    let path = ["operator", "raft", "remove-peer"]
    let synopsis = "Remove a Consul server from the Raft configuration"
    let usage = """
        Usage: consul operator raft remove-peer [options]

          Remove the Consul server with given -address from the Raft configuration.

          There are rare cases where a peer may be left behind in the Raft quorum even
          though the server is no longer present and known to the cluster. This command
          can be used to remove the failed server so that it is no longer affects the Raft
          quorum. If the server still shows in the output of the "consul members" command,
          it is preferable to clean up by simply running "consul force-leave" instead of
          this command.
        """
    let flags =
        ClientFlags.server + [
            Flag("address", .value, "The address to remove from the Raft configuration."),
            Flag("id", .value, "The ID to remove from the Raft configuration."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let (id, address) = (flags["id"], flags["address"])
        guard id.isEmpty || address.isEmpty else {
            console.error("Error removing peer: cannot give both an address and id")
            return 1
        }
        guard !id.isEmpty || !address.isEmpty else {
            console.error(
                "Error removing peer: an address or id is required for the peer to remove")
            return 1
        }
        return await withClient(flags, console, doing: "Error removing peer") {
            client throws(ConsulClientError) in
            try await client.removeRaftPeer(id: id, address: address)
            let (what, name) = id.isEmpty ? ("address", address) : ("id", id)
            console.out("Removed peer with \(what) \"\(name)\"")
            return 0
        }
    }
}
