import ClientCommands
import ConsulAgent
import ConsulConfig
import Glibc
import Logging
import Platform
import PluginAPI

/// `consul agent`: runs the agent until a signal or `consul leave` ends it.
struct AgentCommand: Command {
    let path = ["agent"]
    let synopsis = "Runs a Consul agent"
    let usage = """
        Usage: consul agent [options]

          Starts the Consul agent and runs until an interrupt is received. The agent represents a
          single node in a cluster.

          Fragments of its configuration come from -config-file and -config-dir, JSON and YAML in
          any mix; later ones win, and flags win over all of them. SIGHUP reads them again.
        """
    let flags = AgentCommand.agentFlags

    static let agentFlags: [Flag] = AgentFlag.all.map { flag in
        let form: Flag.Form =
            switch flag.form {
            case .bool: .bool
            case .value: .value
            case .list, .map: .list
            }
        return Flag(flag.name, form, flag.help, type: "value")
    }

    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 {
        guard flags.arguments.isEmpty else {
            console.error(
                "==> Unexpected extra arguments: [\(flags.arguments.joined(separator: " "))]")
            return 1
        }
        let sources = Self.sources(flags)
        var host: PluginHost?
        do throws(ConsulAgentError) {
            let opened = try InstalledPlugins.host()
            host = opened
            let outcome = await opened.open(sources)
            for warning in outcome.warnings { console.error("==> warning: \(warning)") }
            guard let config = outcome.config else { throw .configuration(outcome.errors) }
            let sink = try Self.logSink(config)
            let agent = try Agent(
                config: config, sources: sources, plugins: InstalledPlugins.builtIn, logSink: sink,
                host: opened, tolerated: outcome.tolerated)
            console.out(AgentBanner.text(config, nodeID: agent.nodeID))
            try await agent.start()
            return await agent.run()
        } catch {
            await host?.stop()
            for line in "\(error)".split(separator: "\n") { console.error("==> \(line)") }
            return 1
        }
    }

    /// Collects files and folders in the given order, and all other flags.
    static func sources(_ flags: ParsedFlags) -> ConfigSources {
        var locations: [ConfigSources.Location] = []
        var values: [FlagValue] = []
        for (name, value) in flags.given {
            switch name {
            case "config-file": locations.append(.either(value))
            case "config-dir": locations.append(.directory(value))
            case "format", "given": break  // of `config effective`
            default: values.append(FlagValue(name, value))
            }
        }
        return ConfigSources(locations: locations, flags: values)
    }

    private static func logSink(_ config: RuntimeConfig) throws(ConsulAgentError) -> LogSink {
        var settings = LogSettings()
        settings.level = Logger.Level(consul: config.logging.level) ?? .info
        settings.form = config.logging.json ? .json : .text
        if !config.logging.file.isEmpty {
            var file = LogFileSettings(path: config.logging.file)
            file.rotateBytes = config.logging.rotateBytes
            file.rotateDuration = config.logging.rotateDuration
            file.maxFiles = config.logging.rotateMaxFiles
            settings.file = file
        }
        if config.logging.syslog { settings.syslogFacility = config.logging.syslogFacility }
        do throws(FileError) {
            return try LogSink(settings)
        } catch {
            throw .start("\(error)")
        }
    }

    private static func variable(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }

    static var shell: String {
        let shell = variable("SHELL")
        return shell.isEmpty ? "/bin/sh" : shell
    }

    /// The path of Docker's socket: `DOCKER_HOST=unix:///path` replaces the default.
    static var dockerSocket: String {
        let host = variable("DOCKER_HOST")
        return host.hasPrefix("unix://") ? String(host.dropFirst(7)) : "/var/run/docker.sock"
    }
}

/// The text that `consul agent` prints before its log.
enum AgentBanner {
    static func text(_ config: RuntimeConfig, nodeID: String) -> String {
        let ports = config.ports
        let server = config.node.server
        let tls = ports.dnsTLS > 0 ? ", DNS over TLS: \(ports.dnsTLS)" : ""
        let dns = "DNS: \(ports.dns)\(tls)"
        return """
            ==> Starting Consul agent...
                       Version: '\(Version.number)'
                       Node ID: '\(nodeID)'
                     Node name: '\(config.node.name)'
                    Datacenter: '\(config.node.datacenter)' (Segment: '\(server ? "<all>" : "")')
                        Server: \(server) (Bootstrap: \(config.node.bootstrap))
                   Client Addr: [\(config.listen.client.joined(separator: " "))] \
            (HTTP: \(ports.http), HTTPS: \(ports.https), gRPC: \(ports.grpc), \(dns))
                  Cluster Addr: \(config.listen.advertise) \
            (LAN: \(ports.serfLAN), WAN: \(ports.serfWAN))
                       Encrypt: Gossip: false, TLS-Outgoing: false, TLS-Incoming: false, \
            Auto-Encrypt-TLS: false

            ==> Log data will now stream in as it occurs:

            """
    }
}
