import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Primitives
import Wire

/// `consul query`: asks the members of the pool. Beyond Consul; the words are Serf's.
struct QueryCommand: Command {
    let path = ["query"]
    let synopsis = "Asks all nodes a question and prints their answers"
    let usage = """
        Usage: consul query [options] name [payload]

          Sends a question to all nodes of the datacenter, and prints the answers as they are when
          all nodes have answered or the time is over. The nodes with a watch of type "query" for
          this name answer: with the output of the watch's handler. Nothing is stored.

              $ consul query -tag role=consul uptime
        """
    let flags =
        ClientFlags.agent + [
            Flag.format,
            Flag("no-ack", .bool, "Does not ask the nodes to confirm the receipt."),
            Flag(
                "node", .list,
                "Name of a node to ask. Can be specified multiple times. By default all nodes."),
            Flag(
                "relay-factor", .value,
                "Number of nodes, up to 5, that also carry each answer, for a network that loses "
                    + "packets."),
            Flag(
                "tag", .list,
                "Tag and regular expression (role=consul) that a node must match. Can be specified "
                    + "multiple times."),
            Flag(
                "timeout", .value,
                "How long to wait for answers. By default it grows with the number of nodes: 3.2s "
                    + "for up to nine.", type: "duration"),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard (1...2).contains(flags.arguments.count) else {
            console.error("A name and at most one payload must be specified.\n\n\(help)")
            return 1
        }
        var query = PoolQuery()
        query.name = flags.arguments[0]
        if flags.arguments.count == 2 { query.payload = Bytes(flags.arguments[1]) }
        query.nodes = flags.all("node")
        query.wantsAcks = !flags.isOn("no-ack")
        for tag in flags.all("tag") {
            let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                console.error("Invalid tag filter, not tag=expression: \(tag)")
                return 1
            }
            query.tags[String(parts[0])] = String(parts[1])
        }
        guard let factor = flags.has("relay-factor") ? Int(flags["relay-factor"]) : 0,
            (0...5).contains(factor)
        else {
            console.error("Relay factor must be in range: [0, 5]")
            return 1
        }
        query.relayFactor = factor
        if flags.has("timeout") {
            guard let timeout = GoDuration(flags["timeout"]) else {
                console.error("Invalid timeout: \(flags["timeout"])")
                return 1
            }
            query.timeout = timeout
        }
        return await withClient(flags, console, doing: "Error sending query") {
            [query] client throws(ConsulClientError) in
            let answers = try await client.query(query)
            if flags["format"] == "json" {
                console.out(Output.json(answers))
            } else {
                Self.print(answers, query, console)
            }
            return 0
        }
    }

    private static func print(_ answers: PoolAnswers, _ query: PoolQuery, _ console: Console) {
        console.out("Query '\(query.name)' dispatched")
        for node in answers.acks { console.out("Ack from '\(node)'") }
        for answer in answers.answers {
            console.out("Response from '\(answer.node)': \(answer.payload.text)")
        }
        if query.wantsAcks { console.out("Total Acks: \(answers.acks.count)") }
        console.out("Total Responses: \(answers.answers.count)")
    }
}
