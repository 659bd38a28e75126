import ConsulAgent
import ConsulConfig
import ConsulModel
import DNSWire
import Glibc
import Platform
import Primitives
import StandardPlugins
import TestKit
import Testing

/// The agent's DNS server: its addresses, and the effect of a reload.
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
        let sources = ConfigSources(locations: [.directory("\(scratch.path)/config.d")], flags: [])
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

    @Test func reloadChangesTheRules() async throws {
        let scratch = try Scratch()
        let port = try FreePorts.take()
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

        // An invalid recursor changes nothing.
        try Self.write(scratch, port, #""recursors": ["nowhere"], "dns_config": {}"#)
        await #expect(throws: ConsulError.self) { try await agent.reload() }
        #expect(try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [9])

        // The domain needs a restart.
        try Self.write(scratch, port, #""domain": "other", "dns_config": {"node_ttl": "5s"}"#)
        #expect(try await agent.reload().needsRestart.count == 1)
        #expect(try Self.ask("n.node.consul", port).answers.map { $0.ttl } == [5])
        await agent.stop(gracefully: false)
    }

    /// Records of fragments are served, changed by a reload, and refused with their file, line and
    /// column.
    @Test func recordsOfFragments() async throws {
        let scratch = try Scratch()
        let port = try FreePorts.take()
        func write(_ address: String) throws {
            try scratch.write(
                "config.d/b.yaml",
                """
                dns_records:
                  - name: printer
                    type: A
                    ttl: 1m
                    values: [\(address)]
                """)
        }
        try Self.write(scratch, port, #""dns_config": {}"#)
        try write("10.0.0.9")
        let agent = try Self.make(scratch)
        try await agent.start(catchesSignals: false)
        #expect(try Self.ask("printer.consul", port).answers.map { $0.data } == [.a(0x0A00_0009)])
        try write("10.0.0.10")
        #expect(try await agent.reload().changed == ["DNS record printer A: changed"])
        let answer = try Self.ask("printer.consul", port)
        #expect(answer.answers.map { $0.data } == [.a(0x0A00_000A)])
        #expect(answer.answers.map { $0.ttl } == [60])
        try write("ten")
        let error = await #expect(throws: ConsulError.self) { try await agent.reload() }
        #expect(
            error?.message.hasSuffix(
                "config.d/b.yaml:5:14: dns_records[0].values[0]: \"ten\" is not an IPv4 address")
                == true, "\(error?.message ?? "")")
        #expect(try Self.ask("printer.consul", port).answers.count == 1)
        await agent.stop(gracefully: false)
    }

    /// DNS over TLS with the agent's certificate, before and after a reload.
    @Test(.enabled(if: Files.isExecutable("/usr/bin/openssl")))
    func overTLS() async throws {
        let scratch = try Scratch()
        var make = ProcessSpec([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "2", "-subj", "/CN=ns.consul", "-keyout",
            "\(scratch.path)/key.pem", "-out", "\(scratch.path)/cert.pem",
        ])
        make.timeout = .seconds(20)
        #expect(await ProcessRun.run(make).ending == .exited(0))
        let ports = try FreePorts.take(2)
        func write(_ ttl: String, key: String = "key.pem") throws {
            try scratch.write(
                "config.d/a.json",
                """
                {"server": true, "bootstrap": true, "bind_addr": "127.0.0.1", "node_name": "n",
                 "data_dir": "$DIR/data", "ports": {"dns": \(ports[0]), "dns_tls": \(ports[1])},
                 "addresses": {"http": "unix://$DIR/http.sock"}, "cert_file": "$DIR/cert.pem",
                 "key_file": "$DIR/\(key)", "dns_config": {"node_ttl": "\(ttl)"}}
                """)
        }
        /// Sends a question over TLS with the `openssl` program and returns the TTL of the answer.
        /// That program stops two seconds later: a busy machine may take more.
        func ask() async throws -> UInt8? {
            for _ in 0..<5 { if let ttl = try await once() { return ttl } }
            return nil
        }
        func once() async throws -> UInt8? {
            let question: [UInt8] = [
                0, 31, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x6E, 4, 0x6E, 0x6F, 0x64, 0x65, 6,
                0x63, 0x6F, 0x6E, 0x73, 0x75, 0x6C, 0, 0, 1, 0, 1,
            ]
            let octal = question.map { "\\0" + String($0, radix: 8) }.joined()
            var client = ProcessSpec([
                "sh", "-c",
                "(printf '%b' '\(octal)'; sleep 2) | openssl s_client -quiet -no_ign_eof"
                    + " -connect 127.0.0.1:\(ports[1]) 2>/dev/null | od -An -tu1 -v",
            ])
            client.timeout = .seconds(20)
            let output = await ProcessRun.run(client).output
            let octets = output.split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap {
                UInt8($0)
            }
            // After the question: a pointer, type, class, and the TTL.
            return octets.count > 42 ? octets[question.count + 9] : nil
        }
        try write("3s")
        let agent = try Self.make(scratch)
        try await agent.start(catchesSignals: false)
        #expect(agent.dnsTLSPort == ports[1])
        try await eventually("the node is in the catalog") {
            try Self.ask("n.node.consul", ports[0]).answers.map { $0.ttl } == [3]
        }
        #expect(try await ask() == 3)
        try write("9s")
        _ = try await agent.reload()
        #expect(try await ask() == 9)
        try write("5s", key: "none.pem")
        await #expect(throws: ConsulError.self) { try await agent.reload() }
        #expect(try await ask() == 9)
        await agent.stop(gracefully: false)
    }

    @Test func occupiedPortsAreNamed() async throws {
        let scratch = try Scratch()
        let descriptor = try Self.socket(0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(descriptor, $0, &size)
            }
        }
        let port = Int(UInt16(bigEndian: address.sin_port))
        try Self.write(scratch, port, #""dns_config": {}"#)
        let sources = ConfigSources(locations: [.directory("\(scratch.path)/config.d")], flags: [])
        let outcome = sources.load(registry: try Agent.registry(StandardPlugins.all()))
        let problems = await Listeners.occupiedPorts(try #require(outcome.config))
        #expect(problems.count == 1)
        #expect("\(problems)".contains("cannot listen on 127.0.0.1:\(port) (udp)"))
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
