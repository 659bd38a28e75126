import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Wire

/// `consul maint`.
struct MaintCommand: Command {
    let path = ["maint"]
    let synopsis = "Controls node or service maintenance mode"
    let usage = """
        Usage: consul maint [options]

          Places a node or service into maintenance mode. During maintenance mode, the node or
          service will be excluded from all queries through the DNS or API interfaces. This is done
          by registering an additional critical health check, whose notes hold the reason.

          Maintenance mode is persistent, and will be restored in the event of an agent restart.

          If no arguments are given, the agent's maintenance status will be shown. This will return
          blank if nothing is currently under maintenance.
        """
    let flags =
        ClientFlags.agent + [
            Flag("disable", .bool, "Disable maintenance mode."),
            Flag("enable", .bool, "Enable maintenance mode."),
            Flag.format,
            Flag(
                "reason", .value,
                "Text describing the maintenance reason. Only used when enabling maintenance "
                    + "mode."),
            Flag(
                "service", .value,
                "Control maintenance mode for a specific service ID. By default, the node is "
                    + "controlled."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let (enables, disables) = (flags.isOn("enable"), flags.isOn("disable"))
        if let problem = problem(flags, enables, disables) {
            console.error(problem)
            return 1
        }
        guard enables || disables else { return await show(flags, console) }
        let service = flags["service"]
        let what = service.isEmpty ? "node" : "service"
        let verb = enables ? "enabling" : "disabling"
        return await withClient(flags, console, doing: "Error \(verb) \(what) maintenance") {
            client throws(ConsulClientError) in
            try await client.setMaintenance(enables, service: service, reason: flags["reason"])
            let state = enables ? "enabled" : "disabled"
            console.out(
                service.isEmpty
                    ? "Node maintenance is now \(state)"
                    : "Service maintenance is now \(state) for \"\(service)\"")
            return 0
        }
    }

    private func problem(_ flags: ParsedFlags, _ enables: Bool, _ disables: Bool) -> String? {
        if enables, disables { return "Only one of -enable or -disable may be provided" }
        if !enables, flags.has("reason") { return "Reason may only be provided with -enable" }
        if !enables, !disables, flags.has("service") {
            return "Service requires either -enable or -disable"
        }
        return nil
    }

    private func show(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        await withClient(flags, console) { client throws(ConsulClientError) in
            let node = try await client.nodeName()
            let checks: [String: HealthCheck]
            do throws(ConsulClientError) {
                checks = try await client.agentList("checks")
            } catch {
                console.error("Error getting checks: \(error)")
                return 1
            }
            let found = checks.values.sorted { $0.checkID < $1.checkID }.compactMap {
                Maintained($0, node: node)
            }
            if flags["format"] == "json" {
                console.out(Output.json(found))
            } else {
                for subject in found { console.out(subject.text) }
            }
            return 0
        }
    }
}

/// A node or service in maintenance: `{"Kind": "node" or "service", "ID": …, "Reason": …}`.
private struct Maintained: Record {
    var kind = ""
    var id = ""
    var reason = ""
    init() {}

    /// Returns nil for any other check.
    init?(_ check: HealthCheck, node: String) {
        reason = check.notes
        if check.checkID == "_node_maintenance" {
            (kind, id) = ("node", node)
        } else if check.checkID.hasPrefix("_service_maintenance:") {
            (kind, id) = ("service", check.serviceID)
        } else {
            return nil
        }
    }

    var text: String {
        kind == "node"
            ? "Node:\n  Name:   \(id)\n  Reason: \(reason)\n"
            : "Service:\n  ID:     \(id)\n  Reason: \(reason)\n"
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Kind", &kind)
        try visit.field("ID", &id)
        try visit.field("Reason", &reason)
    }
}
