import ConsulAgent
import ConsulConfig
import ConsulModel
import DNSWire
import Glibc
import Platform
import StandardPlugins
import Testing

/// The agent's DNS face: where it listens, what a reload changes.
@Suite struct DNSTests {
    private static func write(_ scratch: Scratch, _ port: Int, _ dns: String) throws {
        try scratch.write(
            "config.d/a.json",
            """
            {"server": true, "bootstrap": true, "bind_addr": "127.0.0.1", "node_name": "n",
             "data_dir": "$DIR/data", "ports": {"dns": \(port)},
             "addresses": {"http": "unix://$DIR/http.sock"}, \(dns)}
            """)
    }

    private static func make(_ scratch: Scratch) throws -> Agent {
        let sources = ConfigSources(places: [.directory("\(scratch.path)/config.d")], flags: [])
        let plugins = StandardPlugins.all()
        let outcome = sources.load(registry: try Agent.registry(plugins))
        guard let config = outcome.config else {
            throw NeverHappened(description: "\(outcome.errors)")
        }
        var settings = LogSettings()
        settings.toStandardOutput = false
        return try Agent(
            config: config, sources: sources, plugins: plugins, logSink: try LogSink(settings))
    }

    @Test func aReloadChangesTheRules() async throws {
        let scratch = try Scratch()
        let port = try Self.freePort()
        try Self.write(scratch, port, #""dns_config": {"node_ttl": "3s"}"#)
        let agent = try Self.make(scratch)
        try await agent.start(catchesSignals: false)
        #expect(agent.dnsPort == port)
        try await eventually("the node is in the catalog") {
            try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [3]
        }
        try Self.write(scratch, port, #""dns_config": {"node_ttl": "9s"}"#)
        let report = try await agent.reload()
        #expect(report.needsRestart.isEmpty)
        #expect(try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [9])

        // A recursor that is none: nothing changes.
        try Self.write(scratch, port, #""recursors": ["nowhere"], "dns_config": {}"#)
        await #expect(throws: ConsulError.self) { try await agent.reload() }
        #expect(try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [9])

        // The domain waits for a restart.
        try Self.write(scratch, port, #""domain": "other", "dns_config": {"node_ttl": "5s"}"#)
        #expect(try await agent.reload().needsRestart.count == 1)
        #expect(try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [5])
        await agent.stop(gracefully: false)
    }

    private static func socket(_ port: Int) throws -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let size = socklen_t(MemoryLayout<sockaddr_in>.size)
                return port == 0 ? bind(descriptor, $0, size) : connect(descriptor, $0, size)
            }
        }
        guard result == 0 else { throw NeverHappened(description: "no socket") }
        return descriptor
    }

    private static func freePort() throws -> Int {
        let descriptor = try socket(0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &size)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func ask(_ name: String, _ port: Int) throws -> DNSMessage {
        let descriptor = try socket(port)
        defer { close(descriptor) }
        var message = DNSMessage(id: 1)
        message.questions = [DNSMessage.Question(DNSName(name) ?? .root, .a)]
        var writer = MessageWriter()
        writer.write(message)
        _ = send(descriptor, writer.bytes, writer.bytes.count, 0)
        var octets = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &octets, octets.count, 0)
        return try DNSMessage(Array(octets.prefix(max(count, 0))))
    }
}
