import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Wire

private let nodeMetaFlag = Flag(
    "node-meta", .list,
    "Metadata to filter nodes with the given `key=value` pairs. This flag may be specified "
        + "multiple times to filter on multiple sources of metadata.",
    type: "pair")

/// Formats `key=value` for the API.
private func nodeMeta(_ flags: ParsedFlags) -> [(String, String)] {
    flags.all("node-meta").map { pair in
        let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return ("node-meta", sides.joined(separator: ":"))
    }
}

/// `consul catalog datacenters`.
struct CatalogDatacentersCommand: Command {
    let path = ["catalog", "datacenters"]
    let synopsis = "Lists all known datacenters for this agent"
    let usage = """
        Usage: consul catalog datacenters [options]

          Retrieves the list of all known datacenters.
        """
    let flags = ClientFlags.server + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard takesNoArguments(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error listing datacenters") {
            client throws(ConsulClientError) in
            let names = try await client.catalogDatacenters()
            console.out(
                flags["format"] == "json"
                    ? Output.json(names) : names.joined(separator: "\n"))
            return 0
        }
    }
}

/// `consul catalog nodes`.
struct CatalogNodesCommand: Command {
    let path = ["catalog", "nodes"]
    let synopsis = "Lists all nodes in the given datacenter"
    let usage = """
        Usage: consul catalog nodes [options]

          Retrieves the list nodes registered in a given datacenter. By default, the datacenter of
          the local agent is queried.
        """
    let flags =
        ClientFlags.server + [
            Flag(
                "detailed", .bool,
                "Output detailed information about the nodes including their addresses "
                    + "and metadata."),
            Flag("filter", .value, "Filter to use with the request"),
            Flag.format,
            Flag(
                "near", .value,
                "Node name to sort the node list in ascending order based on estimated "
                    + "round-trip time from that node."),
            nodeMetaFlag,
            Flag(
                "service", .value,
                "Service `id or name` to filter nodes. Only nodes which are providing the "
                    + "given service will be returned."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard takesNoArguments(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error listing nodes") {
            client throws(ConsulClientError) in
            let nodes = try await nodes(client, flags)
            if flags["format"] == "json" {
                console.out(Output.json(nodes))
            } else if nodes.isEmpty {
                console.error("No nodes match the given query - try expanding your search.")
            } else {
                console.out(flags.isOn("detailed") ? detailed(nodes) : standard(nodes))
            }
            return 0
        }
    }

    private func nodes(_ client: ConsulClient, _ flags: ParsedFlags)
        async throws(ConsulClientError) -> [Node]
    {
        var parameters = nodeMeta(flags)
        if flags.has("filter") { parameters.append(("filter", flags["filter"])) }
        if flags.has("near") { parameters.append(("near", flags["near"])) }
        guard flags.has("service") else { return try await client.catalogNodes(parameters) }
        var seen: Set<String> = []
        return try await client.catalogService(flags["service"], parameters)
            .map { $0.node }.filter { seen.insert($0.node).inserted }
    }

    private func standard(_ nodes: [Node]) -> String {
        Table.format(
            [["Node", "ID", "Address", "DC"]]
                + nodes.map { [$0.node, String($0.id.prefix(8)), $0.address, $0.datacenter] })
    }

    private func detailed(_ nodes: [Node]) -> String {
        Table.format(
            [["Node", "ID", "Address", "DC", "TaggedAddresses", "Meta"]]
                + nodes.map {
                    [
                        $0.node, $0.id, $0.address, $0.datacenter, pairs($0.taggedAddresses),
                        pairs($0.meta),
                    ]
                })
    }

    private func pairs(_ map: [String: String]) -> String {
        map.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    }
}

/// `consul catalog services`.
struct CatalogServicesCommand: Command {
    let path = ["catalog", "services"]
    let synopsis = "Lists all registered services in a datacenter"
    let usage = """
        Usage: consul catalog services [options]

          Retrieves the list services registered in a given datacenter. By default, the datacenter
          of the local agent is queried.
        """
    let flags =
        ClientFlags.all + [
            Flag.format,
            Flag("node", .value, "Node `id or name` for which to list services."),
            nodeMetaFlag,
            Flag(
                "tags", .bool,
                "Display each service's tags as a comma-separated list beside each "
                    + "service."),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard takesNoArguments(flags, console) else { return 1 }
        return await withClient(flags, console, doing: "Error listing services") {
            client throws(ConsulClientError) in
            let services = try await services(client, flags)
            if flags["format"] == "json" {
                console.out(Output.json(services))
                return 0
            }
            if services.isEmpty {
                console.error("No services match the given query - try expanding your search.")
            } else {
                console.out(list(services, withTags: flags.isOn("tags")))
            }
            return 0
        }
    }

    /// Formats the services, with the tags six columns after the longest name, as Consul does; only
    /// the end of the whole text has no spaces.
    private func list(_ services: [String: [String]], withTags: Bool) -> String {
        let names = services.keys.sorted()
        guard withTags else { return names.joined(separator: "\n") }
        let width = (names.map { $0.count }.max() ?? 0) + 6
        var text = names.map { name in
            let tags = (services[name] ?? []).sorted().joined(separator: ",")
            return name + String(repeating: " ", count: width - name.count) + tags
        }.joined(separator: "\n")
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    private func services(_ client: ConsulClient, _ flags: ParsedFlags)
        async throws(ConsulClientError) -> [String: [String]]
    {
        guard flags.has("node") else { return try await client.catalogServices(nodeMeta(flags)) }
        let path = "/v1/catalog/node/\(ConsulClient.escape(flags["node"]))"
        let answer = try await client.send("GET", path).successful()
        let node: JSONValue = try answer.decode()
        guard case .object(let entries)? = node["Services"] else { return [:] }
        var services: [String: [String]] = [:]
        for entry in entries.values {
            let tags = entry["Tags"]?.arrayValue?.compactMap { $0.stringValue } ?? []
            services[entry["Service"]?.stringValue ?? "", default: []] += tags
        }
        return services
    }
}
