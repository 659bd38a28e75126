import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Wire

/// `consul event`.
struct EventCommand: Command {
    let path = ["event"]
    let synopsis = "Fire a new event"
    let usage = """
        Usage: consul event [options] [payload]

          Dispatches a custom user event across a datacenter. An event must provide a name, but a
          payload is optional. Events support filtering using regular expressions on node name,
          service, and tag definitions.

              $ consul event -name=deploy v42

          With -reliable the event is kept in the key/value store until every node that it is meant
          for has handled it, also one that is down now: its watches get it when it is back. The
          nodes are those of the catalog that match. A handler must bear getting it twice.

              $ consul event -reliable -name=deploy v42
              $ consul event status -wait=5m 3b8b…
        """
    let flags =
        ClientFlags.agent + [
            Flag.format,
            Flag(
                "keep", .value,
                "How long a reliable event waits for nodes that are down. By default 72h.",
                type: "duration"),
            Flag("name", .value, "Name of the event."),
            Flag("node", .value, "Regular expression to filter on node names."),
            Flag(
                "reliable", .bool,
                "Deliver it at least once to every node, whether it is up or down now."),
            Flag("service", .value, "Regular expression to filter on service instances."),
            Flag(
                "tag", .value,
                "Regular expression to filter on service tags. Must be used with -service."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        var event = UserEvent()
        event.name = flags["name"]
        event.nodeFilter = flags["node"]
        event.serviceFilter = flags["service"]
        event.tagFilter = flags["tag"]
        guard !event.name.isEmpty else {
            console.error("Event name must be specified\n\n\(help)")
            return 1
        }
        if !event.tagFilter.isEmpty, event.serviceFilter.isEmpty {
            console.error("Cannot provide tag filter without service filter.")
            return 1
        }
        for name in ["node", "service", "tag"] {
            do throws(TextPattern.Fault) {
                _ = try TextPattern(flags[name])
            } catch {
                console.error("Failed to compile \(name) filter regexp: \(error)")
                return 1
            }
        }
        guard flags.arguments.count <= 1 else {
            console.error("Too many command line arguments.\n\n\(help)")
            return 1
        }
        event.payload = Bytes(GivenArguments.bytes(of: flags.arguments.first ?? ""))
        let fired = event
        if flags.has("keep"), !flags.isOn("reliable") {
            console.error("-keep is for -reliable events.")
            return 1
        }
        let retention = flags.isOn("reliable") ? flags["keep"] : nil
        return await withClient(flags, console) { client throws(ConsulClientError) in
            // Consul reports an unreachable agent in other words than the agent's refusal.
            _ = try await client.nodeName()
            let answer: UserEvent
            do throws(ConsulClientError) {
                answer = try await client.fire(fired, keptFor: retention)
            } catch {
                console.error("Error firing event: \(error)")
                return 1
            }
            if retention != nil, !answer.isReliable {
                console.error(
                    "Error firing event: this agent keeps no events: it was fired for the nodes "
                        + "that are up")
                return 1
            }
            console.out(
                flags["format"] == "json" ? Output.json(answer) : "Event ID: \(answer.id)")
            return 0
        }
    }
}
