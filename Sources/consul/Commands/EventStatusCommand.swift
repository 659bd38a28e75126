import ClientCommands
import ConsulClient
import ConsulModel
import Platform
import PluginAPI
import Primitives
import Wire

/// `consul event status`.
struct EventStatusCommand: Command {
    let path = ["event", "status"]
    let synopsis = "Shows which nodes have handled a reliable event"
    let usage = """
        Usage: consul event status [options] [ID]

          Shows what each node that a reliable event is meant for has done about it: pending, done,
          failed, or seen where the node has no watch for it. Without an ID, all events of the log.

          Of one event the exit code is 0 when all have handled it, 2 when a handler failed, 3 when
          nodes are pending.
        """
    let flags =
        ClientFlags.agent + [
            Flag.format,
            Flag(
                "wait", .value, "How long to wait for nodes that are pending.", type: "duration"),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count <= 1 else {
            console.error("Too many arguments (expected at most 1, got \(flags.arguments.count))")
            return 1
        }
        let isJSON = flags["format"] == "json"
        return await withClient(flags, console, doing: "Error reading the event log") {
            client throws(ConsulClientError) in
            guard let id = flags.arguments.first else {
                let all = try await client.eventStatuses()
                console.out(isJSON ? Output.json(all) : Self.list(all))
                return 0
            }
            let end = SystemClock.now() + (GoDuration(flags["wait"]) ?? .zero)
            var status = try await client.eventStatus(id)
            while status.pending > 0, SystemClock.now() < end {
                try? await Task.sleep(nanoseconds: 250_000_000)
                status = try await client.eventStatus(id)
            }
            console.out(isJSON ? Output.json(status) : Self.table(status))
            return status.failed > 0 ? 2 : status.pending > 0 ? 3 : 0
        }
    }

    private static func list(_ all: [EventStatus]) -> String {
        Table.format(
            [["ID", "Name", "Fired At", "Fired By", "Done", "Failed", "Pending"]]
                + all.map {
                    [
                        $0.id, $0.name, $0.firedAt, $0.firedBy, "\($0.done)", "\($0.failed)",
                        "\($0.pending)",
                    ]
                })
    }

    private static func table(_ status: EventStatus) -> String {
        Table.format(
            [["Node", "State", "At", "Watches"]]
                + status.nodes.map { node in
                    [
                        node.node, node.state, node.at.isEmpty ? "-" : node.at,
                        node.watches.sorted { $0.key < $1.key }
                            .map { "\($0.key)=\($0.value)" }.joined(separator: ","),
                    ]
                })
    }
}
