import ClientCommands
import ConsulClient
import ConsulModel
import PluginAPI
import Wire

/// `consul catalog service NAME`, an addition to Consul's commands.
struct CatalogServiceCommand: Command {
    let path = ["catalog", "service"]
    let synopsis = "Shows the instances of one service with their health"
    let usage = """
        Usage: consul catalog service [options] NAME

          Lists the instances of a service: node, ID, address, port, tags, and the worst state of
          the checks that bear on each. Exits with 1 when there is none.
        """
    let flags = ClientFlags.server + [Flag.format]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.count == 1 else {
            console.error("Expected the name of one service")
            return 1
        }
        let name = flags.arguments[0]
        return await withClient(flags, console, doing: "Error reading service") {
            client throws(ConsulClientError) in
            let path = "/v1/health/service/\(ConsulClient.escape(name))"
            let instances: [CheckServiceNode] = try await client.send("GET", path).successful()
                .decode()
            if flags["format"] == "json" {
                console.out(Output.json(instances))
            } else if instances.isEmpty {
                console.error("No instances of service \"\(name)\"")
            } else {
                console.out(table(instances))
            }
            return instances.isEmpty ? 1 : 0
        }
    }

    private func table(_ instances: [CheckServiceNode]) -> String {
        Table.format(
            [["Node", "ID", "Address", "Port", "Health", "Tags"]]
                + instances.map { instance in
                    let service = instance.service
                    let address =
                        service.address.isEmpty ? instance.node.address : service.address
                    return [
                        instance.node.node, service.id, address, "\(service.port)",
                        instance.worst.rawValue, service.tags.joined(separator: ","),
                    ]
                })
    }
}
