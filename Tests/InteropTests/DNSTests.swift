import DNSWire
import Glibc
import Platform
import Testing

/// Sends the same questions about the same catalog to this program and HashiCorp's: code, flags and
/// every record must be equal, in any order. `Scripts/dns-catalog.txt` has one registration per
/// line, `Scripts/dns.txt` one question; the golden files have the answers.
@Suite(.serialized, .enabled(if: Program.isOursThere), .timeLimit(.minutes(5)))
struct DNSTests {
    private static func lines(_ name: String, file: String = #filePath) throws -> [Substring] {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let path = folder.joined(separator: "/") + "/Scripts/\(name)"
        let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    @Test func theSameRecords() async throws {
        try await compare("dns.txt", nil)
    }

    @Test func theSameRecordsUnderOtherRules() async throws {
        try await compare(
            "dns-other-rules.txt",
            """
            {"alt_domain": "alt.test", "dns_config": {
              "enable_truncate": true, "udp_answer_limit": 5, "node_ttl": "7s",
              "service_ttl": {"*": "3s", "web": "9s", "d*": "11s"}, "only_passing": true,
              "soa": {"refresh": 11, "retry": 12, "expire": 13, "min_ttl": 14},
              "enable_additional_node_meta_txt": false}}
            """)
    }

    private func compare(_ file: String, _ configuration: String?) async throws {
        var agents = [try await PeerAgent(.ours, configuration: configuration)]
        do {
            if Program.isPeerThere {
                agents.insert(try await PeerAgent(.theirs, configuration: configuration), at: 0)
            }
            try compare(GoldenFile(file), agents)
        } catch {
            Issue.record(error)
        }
        for agent in agents { await agent.stop() }
    }

    /// - Parameter agents: HashiCorp's first, if it is installed.
    private func compare(_ file: GoldenFile, _ agents: [PeerAgent]) throws {
        for line in try Self.lines("dns-catalog.txt") {
            var request = HTTPLine("PUT", "/v1/catalog/register")
            request.body = String(line)
            for agent in agents {
                let answer = try RawHTTP.ask(request, port: agent.httpPort)
                #expect(answer.status.contains("200"), "\(line)")
            }
        }
        var (golden, asked) = (file, 0)
        for line in try Self.lines("dns.txt") {
            let question = Asked(line)
            asked += 1
            if GoldenFile.isUpdated {
                golden.add(String(line), String(try answer(question, agents[0]).dropLast()))
                continue
            }
            let expected = try golden.answer(to: String(line))
            for agent in agents {
                let found = try answer(question, agent)
                let isAlike = question.mark == nil || agent.program == .theirs
                #expect((found == expected) == isAlike, "\(agent.program): \(line)\n\(found)")
                if agent.program == .theirs { continue }
                // Repeats the question once the answer is cached, by one loop or the other.
                for _ in 0..<3 { #expect(try answer(question, agent) == found, "\(line)") }
            }
        }
        #expect(asked >= 100)
        if GoldenFile.isUpdated { try golden.save() }
    }

    private func answer(_ question: Asked, _ agent: PeerAgent) throws -> String {
        let lines = try question.put(to: agent.ports[1]).joined(separator: "\n")
        return GoldenFile.ended(Masking.masked(lines, ports: agent.ports))
    }
}

/// A line of `dns.txt`: `[mark] NAME TYPE [tcp] [edns=SIZE]`.
struct Asked {
    var mark: Substring?
    private let octets: [UInt8]
    private let isTCP: Bool

    init(_ line: Substring) {
        var words = line.split(separator: " ")
        if words[0].hasPrefix("[") { mark = words.removeFirst() }
        isTCP = words.contains("tcp")
        let types: [RecordType] = [
            .a, .aaaa, .srv, .txt, .any, .ns, .soa, .ptr, .mx, .cname, .axfr,
        ]
        var message = DNSMessage(id: 0x7777, flags: [.recursionDesired])
        let type = types.first { $0.description == words[1] } ?? .a
        message.questions = [DNSMessage.Question(DNSName(words[0]) ?? .root, type)]
        for word in words where word.hasPrefix("edns=") {
            message.edns = EDNS(udpSize: UInt16(word.dropFirst(5)) ?? 512)
        }
        var writer = MessageWriter()
        writer.write(message)
        octets = writer.bytes
    }

    /// Returns the answer as lines, records sorted within their sections.
    /// - Parameter patience: seconds.
    func put(to port: Int, patience: Int = 30) throws -> [String] {
        let message = try DNSMessage(try exchange(port, patience))
        var lines = [
            "\(message.id) \(message.code) \(message.flags.rawValue) \(message.questions)",
            "\(message.edns.map { "\($0)" } ?? "")",
        ]
        for section in [message.answers, message.authorities, message.additionals] {
            lines.append("--")
            lines += section.map { record in
                guard case .soa(var soa) = record.data else { return "\(record)" }
                soa.serial = 0
                var copy = record
                copy.data = .soa(soa)
                return "\(copy)"
            }.sorted()
        }
        return lines
    }

    private func exchange(_ port: Int, _ patience: Int) throws -> [UInt8] {
        let kind = isTCP ? SOCK_STREAM : SOCK_DGRAM
        let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = RawHTTP.loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw PeerError(description: "cannot connect to \(port)") }
        let framed =
            isTCP ? [UInt8(octets.count >> 8), UInt8(octets.count & 255)] + octets : octets
        guard send(descriptor, framed, framed.count, 0) == framed.count else {
            throw PeerError(description: "cannot send")
        }
        func take(_ count: Int, _ flags: Int32) throws -> [UInt8] {
            var buffer = [UInt8](repeating: 0, count: count)
            let size = recv(descriptor, &buffer, count, flags)
            guard size > 0 else { throw PeerError(description: "no answer from \(port)") }
            return Array(buffer[..<size])
        }
        guard isTCP else { return try take(65_535, 0) }
        let head = try take(2, Int32(MSG_WAITALL))
        return try take(Int(head[0]) << 8 | Int(head[1]), Int32(MSG_WAITALL))
    }
}
