import Dispatch
import Glibc
import Testing

/// Input of hostile or broken clients, at its known worst: a status, and bounded memory.
@Suite(.serialized, .timeLimit(.minutes(10))) struct BadInputTests {
    private static func request(
        _ method: String, _ target: String, header: String = "", body: [UInt8] = []
    ) -> [UInt8] {
        let head =
            "\(method) \(target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(header)"
            + "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }

    private static func expect(
        _ status: Int, _ request: [UInt8], _ agent: ServedAgent
    ) async throws {
        let answer = try await agent.exchange(request)
        #expect(answer.status == status, "\(Fuzz.shown(request.prefix(200)))")
    }

    private static func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    /// Runs a test against an agent of its own, which must be healthy at the end.
    private static func withAgent(_ body: (ServedAgent) async throws -> Void) async throws {
        let agent = try await ServedAgent()
        try await body(agent)
        #expect(try await agent.isWell())
        await agent.stop()
    }

    @Test func keysOfAnyBytes() async throws {
        try await Self.withAgent { agent in
            let put = try await agent.exchange(
                Self.request("PUT", "/v1/kv/a%20%C3%A9", body: [0, 0xFF, 0xC0]))
            #expect(put.status == 200)
            let get = try await agent.exchange(Self.request("GET", "/v1/kv/a%20%C3%A9?raw"))
            #expect(get.status == 200 && get.bytes.suffix(3) == [0, 0xFF, 0xC0])
            // Consul rejects paths with characters that cannot be printed.
            for target in [
                "/v1/kv/a%00b", "/v1/kv/%0a", "/v1/kv/%7f", "/v1/kv/%c2%a0", "/v1/kv/%E2%80%A8",
                "/v1/kv/%EF%BF%BF", "/v1/health/service/%1b",
            ] {
                let answer = try await agent.exchange(Self.request("PUT", target, body: [0x31]))
                #expect(answer.status == 400, "\(target)")
            }
            for target in ["/v1/kv/%ff", "/v1/kv/%c0%80", "/v1/kv/%ed%a0%80", "/v1/kv/%zz"] {
                let answer = try await agent.exchange(Self.request("PUT", target, body: [0x31]))
                #expect(answer.status == 400, "\(target)")
            }
            let raw = Array("GET /v1/kv/a".utf8) + [0] + Array(" HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            try await Self.expect(400, raw, agent)
        }
    }

    @Test(arguments: ["[", "{\"a\":", "{\"Meta\":{\"a\":", "[{\"Checks\":["])
    func deepJSON(opening: String) async throws {
        try await Self.withAgent { agent in
            let body = Array(Self.repeated(opening, 10_000).utf8)
            for path in [
                "/v1/agent/service/register", "/v1/agent/check/register", "/v1/catalog/register",
                "/v1/catalog/deregister",
            ] {
                let answer = try await agent.exchange(Self.request("PUT", path, body: body))
                #expect(answer.status == 400, "\(path)")
            }
        }
    }

    @Test(arguments: ["%28", "not+", "a+==+b+and+", "%22x%22+in+", "a[", "a."])
    func hugeFilters(part: String) async throws {
        try await Self.withAgent { agent in
            let filter = Self.repeated(part, 100_000 / part.utf8.count)
            let answer = try await agent.exchange(
                Self.request("GET", "/v1/catalog/nodes?filter=\(filter)"))
            // Consul answers 500 to every filter that it does not understand.
            #expect(answer.status == 500)
            #expect(answer.body.hasPrefix("Failed to create boolean expression evaluator"))
        }
    }

    /// Expressions that exhaust a stack, or an engine that backtracks.
    @Test(arguments: ["node", "service", "tag"])
    func hostilePatternsOfEvents(filter: String) async throws {
        try await Self.withAgent { agent in
            let register = Self.request(
                "PUT", "/v1/agent/service/register",
                body: Array(
                    """
                    {"Name": "\(Self.repeated("a", 63))b", "Tags": ["\(Self.repeated("a", 200))b"]}
                    """.utf8))
            try await Self.expect(200, register, agent)
            for pattern in [
                Self.repeated("%28", 50_000), Self.repeated("[", 50_000),
                Self.repeated("%28a", 5_000) + Self.repeated(")", 5_000),
                "%28a%2B%29%2B$", "%28a%7Caa%29%2B$", Self.repeated("%28x%2B", 60),
                "%28%28a%7B1000%7D%29%7B1000%7D%29%7B1000%7D", "%5C",
            ] {
                let more = filter == "tag" ? "&service=." : ""
                let answer = try await agent.exchange(
                    Self.request("PUT", "/v1/event/fire/x?\(filter)=\(pattern)\(more)"))
                #expect(answer.status == 200 || answer.status == 500, "\(pattern.prefix(40))")
            }
        }
    }

    @Test func hugeHeaders() async throws {
        try await Self.withAgent { agent in
            let long = Self.repeated("a", 1 << 20)
            for header in [
                "A: \(long)\(long)\r\n", "\(long)\(long): b\r\n",
                Self.repeated("A: b\r\n", 400_000),
            ] {
                let answer = try await agent.exchange(
                    Self.request("GET", "/v1/status/leader", header: header))
                #expect(answer.status == 431)
            }
            let answer = try await agent.exchange(Self.request("GET", "/\(long)\(long)"))
            #expect(answer.status == 431)
        }
    }

    @Test func oversizedBodies() async throws {
        try await Self.withAgent { agent in
            let chunk = Array("10000\r\n\(Self.repeated("x", 65536))\r\n".utf8)
            let head = "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunked = Array(head.utf8) + (0..<9).flatMap { _ in chunk }
            try await Self.expect(413, chunked, agent)
            for length in ["524289", "9223372036854775807"] {
                let declared =
                    "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n"
                try await Self.expect(413, Array(declared.utf8), agent)
            }
            for wrong in [
                "Content-Length: 18446744073709551615", "Content-Length: 18446744073709551616",
                "Content-Length: -1", "Transfer-Encoding: chunked\r\nContent-Length: 3",
                "Content-Length: 1\r\nContent-Length: 2",
            ] {
                let request = "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\n\(wrong)\r\n\r\nabc"
                try await Self.expect(400, Array(request.utf8), agent)
            }
        }
    }

    /// Thousands of clients that send nothing, half a request, or all of a request that waits.
    @Test func idleConnections() async throws {
        try await Self.withAgent { agent in
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(7), &limit)  // RLIMIT_NOFILE
            let free = max(0, Int(clamping: limit.rlim_cur) - 400) / 2  // both ends are here
            let count = min(2000, free)
            let before = Self.memory()
            var clients: [RawSocket] = []
            let texts = [
                "", "GET /v1/kv/a HTTP/1.1\r\nHos",
                "PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc",
                "GET /v1/kv/idle?index=1000000&wait=10m HTTP/1.1\r\nHost: x\r\n\r\n",
            ]
            for number in 0..<count {
                guard let client = RawSocket(agent.socket) else { break }
                client.send(Array(texts[number % texts.count].utf8))
                clients.append(client)
            }
            #expect(clients.count == count)
            let isWell = try await agent.isWell()
            #expect(isWell)
            let each = (Self.memory() - before) / max(1, count)
            #expect(each < 64 << 10, "\(each) bytes each")
            // Half of them end their side, the others just close.
            for client in clients.prefix(count / 2) { client.endSending() }
            clients = []
        }
    }

    private static func memory() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return 0 }
        let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
}
