import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Wire

/// `consul members`.
struct MembersCommand: Command {
    let path = ["members"]
    let synopsis = "Lists the members of a Consul cluster"
    let usage = """
        Usage: consul members [options]

          Outputs the members of a running Consul agent.
        """
    let flags =
        ClientFlags.agent + [
            Flag("detailed", .bool, "Provides detailed information about nodes."),
            Flag.format,
            Flag(
                "segment", .value,
                "(Enterprise-only) If provided, output is filtered to only nodes in the given "
                    + "segment."),
            Flag(
                "status", .value,
                "If provided, output is filtered to only nodes matching the regular expression for "
                    + "status."),
            Flag(
                "wan", .bool,
                "If the agent is in server mode, this can be used to return the other peers in the "
                    + "WAN pool."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let pattern: TextPattern
        do throws(TextPattern.Fault) {
            pattern = try TextPattern(flags.has("status") ? flags["status"] : ".*")
        } catch {
            console.error("Failed to compile status regexp: \(error)")
            return 1
        }
        return await withClient(flags, console, doing: "Error retrieving members") {
            client throws(ConsulClientError) in
            let members = try await client.members(
                wan: flags.isOn("wan"), segment: flags.has("segment") ? flags["segment"] : "_all"
            )
            .filter { pattern.matches(Self.status($0)) }
            .sorted { (Self.segment($0), $0.name) < (Self.segment($1), $1.name) }
            guard !members.isEmpty else { return 2 }
            if flags["format"] == "json" {
                console.out(Output.json(members))
            } else {
                console.out(flags.isOn("detailed") ? detailed(members) : standard(members))
            }
            return 0
        }
    }

    static func status(_ member: Member) -> String {
        switch Member.Status(rawValue: member.status) {
        case .alive: "alive"
        case .leaving: "leaving"
        case .left: "left"
        case .failed: "failed"
        default: "none"
        }
    }

    private static func segment(_ member: Member) -> String {
        let segment = member.tags["segment"] ?? ""
        guard segment.isEmpty else { return segment }
        return member.tags["role"] == "consul" ? "<all>" : "<default>"
    }

    private func standard(_ members: [Member]) -> String {
        let header = ["Node", "Address", "Status", "Type", "Build", "Protocol", "DC", "Segment"]
        return Table.format(
            [header]
                + members.map { member in
                    let isServer = member.tags["role"] == "consul"
                    let build = member.tags["build"].map {
                        String($0.prefix { $0 != ":" })
                    }
                    return [
                        member.name, "\(member.addr):\(member.port)", Self.status(member),
                        isServer ? "server" : "client", build ?? "", member.tags["vsn"] ?? "",
                        member.tags["dc"] ?? "",
                        Self.segment(member),
                    ]
                })
    }

    private func detailed(_ members: [Member]) -> String {
        Table.format(
            [["Node", "Address", "Status", "Tags"]]
                + members.map { member in
                    var all = member.tags
                    all["segment"] = Self.segment(member)
                    let tags = all.sorted { $0.key < $1.key }
                        .map { "\($0.key)=\($0.value)" }.joined(separator: ",")
                    return [
                        member.name, "\(member.addr):\(member.port)", Self.status(member), tags,
                    ]
                })
    }
}
