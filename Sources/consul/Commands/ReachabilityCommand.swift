import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI

/// `consul reachability`: tests the gossip between all nodes. Beyond Consul; the words are Serf's.
struct ReachabilityCommand: Command {
    let path = ["reachability"]
    let synopsis = "Tests whether all nodes receive and answer gossip"
    let usage = """
        Usage: consul reachability [options]

          Pings all live nodes of the datacenter by gossip and compares the answers with the list of
          members. Exits with 1 when a node does not answer: its network, or that between it and
          this node, loses packets or blocks a port.
        """
    let flags = ClientFlags.agent + [Flag("verbose", .bool, "Prints the answer of each node.")]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console, doing: "Error testing reachability") {
            client throws(ConsulClientError) in
            let live = try await client.members(wan: false, segment: "_all")
                .filter { Member.Status(rawValue: $0.status) == .alive }.map { $0.name }
            var query = PoolQuery()
            query.name = "_serf_ping"
            query.wantsAcks = true
            console.out("Starting reachability test...")
            let answers = try await client.query(query)
            if flags.isOn("verbose") {
                for node in answers.acks { console.out("\tAck from \(node)") }
            }
            let silent = Set(live).subtracting(answers.acks).sorted()
            let counts = "Total members: \(live.count), Acks: \(answers.acks.count)"
            if silent.isEmpty {
                console.out("\(counts), Successfully contacted all live nodes")
                return 0
            }
            console.out("\(counts), Failed to contact: \(silent.joined(separator: ", "))")
            console.out(
                """
                Troubleshooting tips:
                * Make sure that the gossip port of these nodes is open for both UDP and TCP.
                * Ask again with `consul query -relay-factor=3 _serf_ping`: answers that come then \
                only show a link that loses packets.
                """)
            return 1
        }
    }
}
