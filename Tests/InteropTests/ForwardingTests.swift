import DNSWire
import Glibc
import Platform
import TestKit
import Testing

/// Returns the path of a forwarder; nil if it is not installed.
private func find(_ name: String) -> String? {
    ["/usr/sbin/\(name)", "/usr/local/sbin/\(name)", "/usr/bin/\(name)"].first {
        (path: String) in access(path, X_OK) == 0
    }
}
private let dnsmasq = find("dnsmasq")
private let named = find("named")

/// Runs dnsmasq and BIND with exactly the lines of the README, except the port.
@Suite(.serialized, .enabled(if: Program.isOursThere), .timeLimit(.minutes(2)))
struct ForwardingTests {
    /// Returns the lines of the block that follows a word in the README, with another agent's port.
    private static func lines(after word: String, port: Int, file: String = #filePath) throws
        -> String
    {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let path = folder.joined(separator: "/") + "/README.md"
        let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
        let place = try #require(text.firstRange(of: word))
        let block = text[place.upperBound...].split(
            separator: "\n", omittingEmptySubsequences: false
        ).drop { !$0.hasPrefix("    ") }.prefix { $0.hasPrefix("    ") }
        #expect(!block.isEmpty)
        return block.joined(separator: "\n").replacing("8600", with: "\(port)") + "\n"
    }

    private func withAgent(
        _ configuration: String? = nil,
        _ body: (PeerAgent, _ port: Int, _ folder: String) async throws -> Void
    ) async throws {
        let port = try FreePorts.take()
        let agent = try await PeerAgent(
            .ours,
            configuration: configuration?.replacing("$PORT", with: "\(port)"))
        let folder = try TestFolder("forwarding")
        do {
            try register("web1", "10.0.0.1", agent)
            try await body(agent, port, folder.path)
        } catch {
            Issue.record(error)
        }
        await agent.stop()
    }

    private func register(_ node: String, _ address: String, _ agent: PeerAgent) throws {
        var request = HTTPLine("PUT", "/v1/catalog/register")
        request.body =
            #"{"Node": "\#(node)", "Address": "\#(address)", "#
            + #""Service": {"Service": "web", "Port": 80}}"#
        _ = try RawHTTP.ask(request, port: agent.httpPort)
    }

    private func run(_ words: [String], _ body: () async throws -> Void) async throws {
        let process = try ChildProcess.start(ProcessSpec(words))
        let log = process.lines
        Task { for await _ in log {} }
        do { try await body() } catch { Issue.record(error) }
        _ = await process.terminate()
    }

    /// Repeats the question until the answer contains a text.
    private func wait(for text: String, _ question: String, _ port: Int) async throws {
        var last: [String] = []
        for _ in 0..<400 {
            last = (try? Asked(question[...]).put(to: port, patience: 1)) ?? ["no answer"]
            if last.contains(where: { $0.contains(text) }) { return }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        throw PeerError(description: "\(question): no \(text) in \(last)")
    }

    @Test(.enabled(if: dnsmasq != nil)) func dnsmasqForwards() async throws {
        try await withAgent { agent, port, folder in
            let lines = try Self.lines(after: "**dnsmasq**", port: agent.ports[1])
            try AtomicFile.write("\(folder)/10-consul", Array(lines.utf8), mode: 0o644)
            let words = [
                try #require(dnsmasq), "-k", "--conf-file=\(folder)/10-consul", "--port=\(port)",
                "--listen-address=127.0.0.1", "--bind-interfaces", "--no-resolv", "--pid-file",
                "--no-hosts",
            ]
            try await run(words) {
                try await wait(for: "a(167772161)", "web.service.consul A", port)
                try await wait(for: "srv(", "web.service.consul SRV", port)
                try await wait(for: "web1.node.dc1.consul.", "1.0.0.10.in-addr.arpa PTR", port)
            }
        }
    }

    @Test(.enabled(if: named != nil)) func bindForwards() async throws {
        try await withAgent { agent, port, folder in
            try write(
                "dnssec-validation no;", try Self.lines(after: "**BIND**", port: agent.ports[1]),
                port, folder)
            try await run([try #require(named), "-g", "-c", "\(folder)/named.conf"]) {
                try await wait(for: "a(167772161)", "web.service.consul A", port)
                try await wait(for: "srv(", "_web._tcp.service.consul SRV", port)
            }
        }
    }

    /// A secondary has the zone, and follows its changes by NOTIFY messages.
    @Test(.enabled(if: named != nil)) func bindIsASecondary() async throws {
        let configuration = """
            {"dns_config": {"transfer": {"allow": ["127.0.0.0/8"],
             "notify": ["127.0.0.1:$PORT"]}}}
            """
        try await withAgent(configuration) { agent, port, folder in
            try write(
                "recursion no;", try Self.lines(after: "A **secondary**", port: agent.ports[1]),
                port, folder)
            try await run([try #require(named), "-g", "-c", "\(folder)/named.conf"]) {
                try await wait(for: "a(167772161)", "web.service.consul A", port)
                try register("web2", "10.0.0.2", agent)
                try await wait(for: "a(167772162)", "web.service.consul A", port)
                try await wait(for: "srv(", "_web._tcp.service.consul SRV", port)
            }
        }
    }

    private func write(_ option: String, _ zone: String, _ port: Int, _ folder: String) throws {
        let text = """
            options {
              directory "\(folder)";
              listen-on port \(port) { 127.0.0.1; };
              listen-on-v6 { none; };
              pid-file none;
              session-keyfile none;
              \(option)
            };
            controls {};
            \(zone)
            """
        try AtomicFile.write("\(folder)/named.conf", Array(text.utf8), mode: 0o644)
    }
}
