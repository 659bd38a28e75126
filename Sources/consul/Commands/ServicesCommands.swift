import ClientCommands
import ConsulAgent
import ConsulClient
import ConsulConfig
import ConsulModel
import PluginAPI
import Wire

/// Reads the definitions from the files of a command line.
private enum DefinitionFiles {
    static func read(_ paths: [String]) async throws(UsageError) -> [ServiceDefinition] {
        do throws(ConsulAgentError) {
            let host = try InstalledPlugins.host()
            let sources = ConfigSources(locations: paths.map { .either($0) }, flags: [])
            let outcome = await host.validate(sources, scope: .partial)
            guard let config = outcome.config else { throw .configuration(outcome.errors) }
            return config.services.map { $0.definition }
        } catch {
            throw UsageError(description: "\(error)")
        }
    }
}

/// `consul services register`.
struct ServicesRegisterCommand: Command {
    let path = ["services", "register"]
    let synopsis = "Register services with the local agent"
    let usage = """
        Usage: consul services register [options] [FILE...]

          Register one or more services using the local agent API. Services can be registered from
          standard Consul configuration files (JSON or YAML) or using flags. The service is
          registered and the command returns. The caller must remember to call "consul services
          deregister" or a similar API to deregister the service when complete.

              $ consul services register web.json
              $ consul services register -name=web
        """
    let flags =
        ClientFlags.all + [
            Flag(
                "address", .value,
                "Address of the service to register for arg-based registration."),
            Flag(
                "id", .value,
                "ID of the service to register for arg-based registration. If this isn't set, "
                    + "it will default to the -name value."),
            Flag("kind", .value, "The services 'kind'"),
            Flag(
                "meta", .list,
                "Metadata to set on the intention, formatted as key=value. This flag may be "
                    + "specified multiple times to set multiple meta fields.",
                type: "pair"),
            Flag("name", .value, "Name of the service to register for arg-based registration."),
            Flag(
                "port", .value, "Port of the service to register for arg-based registration.",
                type: "int"),
            Flag(
                "tag", .list,
                "Tag to add to the service. This flag can be specified multiple times to set "
                    + "multiple tags."),
            Flag(
                "tagged-address", .list,
                "Tagged address to set on the service, formatted as key=value. This flag may be"
                    + " specified multiple times to set multiple addresses.",
                type: "pair"),
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let definitions: [ServiceDefinition]
        do throws(UsageError) {
            definitions = try await self.definitions(flags)
        } catch {
            console.error("\(error)")
            return 1
        }
        return await withClient(flags, console) { client in
            for definition in definitions {
                do throws(ConsulClientError) {
                    try await client.register(definition)
                    console.out("Registered service: \(definition.name)")
                } catch {
                    console.error(
                        "Error registering service \"\(definition.name)\": \(error)")
                    return 1
                }
            }
            return 0
        }
    }

    private func definitions(_ flags: ParsedFlags) async throws(UsageError) -> [ServiceDefinition] {
        let hasName = !flags["name"].isEmpty
        guard hasName || !flags.arguments.isEmpty else {
            throw UsageError(
                description: "Service registration requires at least one argument or flags.")
        }
        guard !hasName || flags.arguments.isEmpty else {
            throw UsageError(
                description: "Service registration requires arguments or -id, not both.")
        }
        guard !hasName else { return [try definition(flags)] }
        return try await DefinitionFiles.read(flags.arguments)
    }

    private func definition(_ flags: ParsedFlags) throws(UsageError) -> ServiceDefinition {
        var definition = ServiceDefinition()
        definition.name = flags["name"]
        definition.id = flags["id"]
        definition.kind = flags["kind"]
        definition.address = flags["address"]
        definition.tags = flags.all("tag")
        definition.port = Int(flags["port"]) ?? 0
        for (name, value) in Self.pairs(flags, "meta") { definition.meta[name] = value }
        for (name, value) in Self.pairs(flags, "tagged-address") {
            definition.taggedAddresses[name] = try Self.address(value)
        }
        return definition
    }

    /// Splits `key=value` texts; the caller has checked that each has a `=`.
    private static func pairs(_ flags: ParsedFlags, _ name: String) -> [(String, String)] {
        flags.all(name).map { text in
            let sides = text.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(sides[0]), sides.count == 2 ? String(sides[1]) : "")
        }
    }

    /// Parses `host:port`, with the host of an IPv6 address in brackets.
    private static func address(_ text: String) throws(UsageError) -> ServiceAddress {
        let colon = text.lastIndex(of: ":")
        guard let colon, !text.hasSuffix("]") else {
            throw UsageError(
                description: "Invalid Tagged Address: address \(text): missing port in address")
        }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        guard let port = Int(text[text.index(after: colon)...]) else {
            throw UsageError(
                description: "Invalid Tagged Address: strconv.Atoi: parsing "
                    + "\"\(text[text.index(after: colon)...])\": invalid syntax")
        }
        var address = ServiceAddress()
        address.address = host
        address.port = port
        return address
    }
}

/// `consul services deregister`.
struct ServicesDeregisterCommand: Command {
    let path = ["services", "deregister"]
    let synopsis = "Deregister services with the local agent"
    let usage = """
        Usage: consul services deregister [options] [FILE...]

          Deregister one or more services that were previously registered with the local agent.

              $ consul services deregister web.json
              $ consul services deregister -id=web
        """
    let flags =
        ClientFlags.all + [
            Flag("id", .value, "ID to delete. This must not be set if arguments are given.")
        ]

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        let ids: [String]
        do throws(UsageError) {
            guard flags.has("id") || !flags.arguments.isEmpty else {
                throw UsageError(
                    description: "Service deregistration requires at least one argument or -id.")
            }
            guard !flags.has("id") || flags.arguments.isEmpty else {
                throw UsageError(
                    description: "Service deregistration requires arguments or -id, not both.")
            }
            ids =
                flags.has("id")
                ? [flags["id"]]
                : try await DefinitionFiles.read(flags.arguments).map { $0.effectiveID }
        } catch {
            console.error("\(error)")
            return 1
        }
        return await withClient(flags, console) { client in
            for id in ids {
                do throws(ConsulClientError) {
                    try await client.deregister(service: id)
                    console.out("Deregistered service: \(id)")
                } catch {
                    // HashiCorp's error is about registering, and names no service.
                    console.error("Error deregistering service \"\(id)\": \(error)")
                    return 1
                }
            }
            return 0
        }
    }
}
