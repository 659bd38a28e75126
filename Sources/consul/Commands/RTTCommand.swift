import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Primitives
import Wire

/// `consul rtt NODE1 [NODE2]`, and `consul rtt -all` for a table of all of them.
struct RTTCommand: Command {
    let path = ["rtt"]
    let synopsis = "Estimates network round trip time between nodes"
    let usage = """
        Usage: consul rtt [options] node1 [node2]

          Estimates how long a round trip takes between two nodes, from the network
          coordinates that all nodes send to the servers. Nodes are named as "consul members"
          shows them. Without a second one it is the agent's.

          With -wan, servers of several datacenters are compared; they are named
          "server.dc1". Coordinates of the LAN and of the WAN cannot be compared.

          With -all, a table of all nodes, or of those that are named, in milliseconds.
        """
    let flags =
        ClientFlags.agent + [
            Flag("wan", .bool, "Use WAN coordinates instead of LAN coordinates."),
            Flag("all", .bool, "Show the round trips between all nodes, or all named nodes."),
            .format,
        ]

    /// The largest number of nodes in one table: more would give unreadable lines, and millions of
    /// pairs.
    static let tableNodesMax = 256

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let nodes = flags.arguments
        guard flags.isOn("all") || (1...2).contains(nodes.count) else {
            console.error("One or two node names must be specified\n")
            console.error(help)
            return 1
        }
        let isWAN = flags.isOn("wan")
        return await withClient(flags, console, doing: "Error getting coordinates") {
            client throws(ConsulClientError) in
            if flags.isOn("all") { return try await all(nodes, isWAN, client, flags, console) }
            var pair = nodes
            if pair.count == 1 {
                do throws(ConsulClientError) {
                    pair.append(try await ownName(client, isWAN))
                } catch {
                    console.error("Unable to look up agent info: \(error)")
                    return 1
                }
            }
            if isWAN, pair.contains(where: { WANCoordinates.parts(of: $0) == nil }) {
                console.error(
                    "Node names must be specified as <node name>.<datacenter> with -wan")
                return 1
            }
            return show(pair, try await coordinates(client, isWAN), flags, console)
        }
    }

    private func ownName(_ client: ConsulClient, _ isWAN: Bool)
        async throws(ConsulClientError) -> String
    {
        let agent: JSONValue = try await client.agentList("self")
        let name = agent["Config"]?["NodeName"]?.stringValue ?? ""
        guard isWAN else { return name }
        return "\(name).\(agent["Config"]?["Datacenter"]?.stringValue ?? "")"
    }

    private func coordinates(_ client: ConsulClient, _ isWAN: Bool)
        async throws(ConsulClientError) -> any KnownCoordinates
    {
        if isWAN { return WANCoordinates(try await client.coordinates.datacenters()) }
        return LANCoordinates(try await client.coordinates.nodes())
    }

    private func show(
        _ pair: [String], _ coordinates: any KnownCoordinates, _ flags: ParsedFlags,
        _ console: Console
    ) -> Int32 {
        switch coordinates.roundTrip(pair[0], pair[1]) {
        case .unknown(let node):
            console.error("Could not find a coordinate for node \"\(node)\"")
            return 1
        case .estimated(let time):
            let row = RoundTrip(pair[0], pair[1], coordinates.area, time)
            if flags["format"] == "json" {
                console.out(Output.json(row))
            } else {
                let text = RoundTrip.milliseconds(time)
                console.out(
                    "Estimated \(pair[0]) <-> \(pair[1]) rtt: \(text) ms "
                        + "(using \(coordinates.area) coordinates)")
            }
            return 0
        }
    }

    private func all(
        _ wanted: [String], _ isWAN: Bool, _ client: ConsulClient, _ flags: ParsedFlags,
        _ console: Console
    ) async throws(ConsulClientError) -> Int32 {
        let coordinates = try await coordinates(client, isWAN)
        let nodes = wanted.isEmpty ? coordinates.names : wanted
        for node in nodes where !coordinates.names.contains(node) {
            console.error("Could not find a coordinate for node \"\(node)\"")
            return 1
        }
        guard nodes.count <= Self.tableNodesMax else {
            console.error(
                "\(nodes.count) nodes are too many for one table (at most "
                    + "\(Self.tableNodesMax)): name fewer nodes")
            return 1
        }
        func time(_ a: String, _ b: String) -> GoDuration? {
            if case .estimated(let time) = coordinates.roundTrip(a, b) { return time }
            return nil
        }
        if flags["format"] == "json" {
            let rows = nodes.indices.flatMap { first in
                nodes[(first + 1)...].map {
                    RoundTrip(nodes[first], $0, coordinates.area, time(nodes[first], $0))
                }
            }
            console.out(Output.json(rows))
            return 0
        }
        let rows = nodes.map { node in
            [node]
                + nodes.map { other in
                    if node == other { return "-" }
                    return time(node, other).map { RoundTrip.milliseconds($0) } ?? "?"
                }
        }
        console.out(Table.format([["Node (\(coordinates.area), ms)"] + nodes] + rows))
        return 0
    }
}

/// A line of `-format=json`.
private struct RoundTrip: Record {
    var node1 = ""
    var node2 = ""
    /// `LAN` or `WAN`.
    var area = ""
    /// Nil if it is unknown.
    var milliseconds: Double?
    init() {}
    init(_ node1: String, _ node2: String, _ area: String, _ time: GoDuration?) {
        self.node1 = node1
        self.node2 = node2
        self.area = area
        milliseconds = time.map { Double($0.nanoseconds) / 1e6 }
    }

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node1", &node1)
        try visit.field("Node2", &node2)
        try visit.field("Area", &area)
        try visit.field("Milliseconds", &milliseconds)
    }

    /// Formats milliseconds with three decimals. Ties round like the floating-point number that is
    /// computed through seconds, as in Consul's program.
    static func milliseconds(_ time: GoDuration) -> String {
        let second: Int64 = 1_000_000_000
        let fraction = Double(time.nanoseconds % second) / Double(second)
        let milliseconds = (Double(time.nanoseconds / second) + fraction) * 1_000
        let product = milliseconds * 1_000
        let lost = (-product).addingProduct(milliseconds, 1_000)
        let whole = product.rounded(.down)
        let rest = product - whole + lost
        let isUp = rest > 0.5 || (rest == 0.5 && Int64(whole) % 2 != 0)
        let micros = Int64(whole) + (isUp ? 1 : 0)
        let digits = "\(micros % 1_000)"
        return "\(micros / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
