import Primitives
import Testing

/// Requests on a real socket to a whole agent: each gets a status, or its connection a clean end;
/// none is answered 500 where Consul has another status; and the agent is healthy afterwards.
@Suite(.serialized, .timeLimit(.minutes(60))) struct HTTPFuzzTests {
    @Test func mutatedBytes() async throws {
        let agent = try await ServedAgent()
        let mutator = Mutator(
            Corpus.files("http"),
            words: [
                "Content-Length: ", "Transfer-Encoding: chunked\r\n", "\r\n\r\n", "HTTP/1.1",
                "HTTP/2.0", "Host: y\r\n", "Connection: keep-alive\r\n", "GET ", "Expect: ",
                "\r\n ", "FFFFFFFFFFFFFFFF\r\n", "0\r\n\r\n", "Upgrade: h2c\r\n",
            ])
        await Fuzz.run("HTTPFuzzTests/mutatedBytes", rounds: 400) { random in
            let request = mutator.input(&random)
            let answer = try await agent.exchange(request, halfCloses: true)
            return try await Self.fault(in: answer, to: request, agent, mayBeSilent: true)
        }
        #expect(try await agent.isWell())
        await agent.stop()
    }

    @Test func madeRequests() async throws {
        let agent = try await ServedAgent()
        let maker = RequestMaker()
        await Fuzz.run("HTTPFuzzTests/madeRequests", rounds: 600) { random in
            let request = maker.request(&random)
            let answer = try await agent.exchange(request)
            return try await Self.fault(in: answer, to: request, agent, mayBeSilent: false)
        }
        #expect(try await agent.isWell())
        await agent.stop()
    }

    private static func fault(
        in answer: RawAnswer, to request: [UInt8], _ agent: ServedAgent, mayBeSilent: Bool
    ) async throws -> String? {
        let fault: String? =
            if !answer.isEnded {
                "no answer and no end"
            } else if let status = answer.status {
                status == 500 && !InternalErrors.isConsuls(answer.body)
                    ? "answered 500: \(Fuzz.shown(answer.bytes))" : nil
            } else if !answer.isSilent {
                "this is no answer: \(Fuzz.shown(answer.bytes))"
            } else {
                mayBeSilent ? nil : "closed without an answer"
            }
        if let fault { return "\(fault)\nto \(Fuzz.shown(request))" }
        return try await agent.isWell() ? nil : "ill after \(Fuzz.shown(request))"
    }
}

/// The errors that Consul 1.8 itself calls internal, by the beginning of their text. Each was
/// observed: `http.txt` of InteropTests requests them.
enum InternalErrors {
    private static let beginnings = [
        "Failed to create boolean expression evaluator", "No path to datacenter",
        "Must provide node", "Must provide address", "Must provide service name",
        "Bad node ID: ", "failed inserting ", "check node \"", "CheckID \"", "ServiceID \"",
        "1 error occurred:\n\t* error broadcasting event to segment", "Selector \"",
        "strconv.ParseUint: parsing ", "Invalid ", "missing session", "invalid session ",
        "failed session lookup: ",
        "Cannot provide tag filter without service filter",
    ]

    static func isConsuls(_ text: String) -> Bool {
        beginnings.contains { text.utf8.starts(with: $0.utf8) }
    }
}

/// Well-formed requests with random values in their fields.
struct RequestMaker {
    private let bodies = Mutator(
        Corpus.files("json").filter { !String(decoding: $0, as: UTF8.self).contains("\"args\"") },
        words: ["\"TTL\":", "\"Port\":", "\"Status\":", "{}", "[]"], bytesMax: 100_000)
    private let texts = Mutator(
        ["web", "a/b", "web-1", "redis", "fuzz", "mem", "passing", "dc1"].map { Array($0.utf8) },
        bytesMax: 3000)
    private let filters = Mutator(Corpus.lines("filter"))

    /// Without those that end the agent, talk to other programs, or never end.
    private let paths = [
        "/v1/kv/", "/v1/kv/", "/v1/catalog/register", "/v1/catalog/deregister",
        "/v1/catalog/datacenters", "/v1/catalog/nodes", "/v1/catalog/services",
        "/v1/catalog/service/", "/v1/catalog/node/", "/v1/catalog/node-services/",
        "/v1/health/service/", "/v1/health/checks/", "/v1/health/node/", "/v1/health/state/",
        "/v1/status/leader", "/v1/status/peers", "/v1/event/fire/", "/v1/event/list",
        "/v1/agent/self", "/v1/agent/members", "/v1/agent/metrics", "/v1/agent/maintenance",
        "/v1/agent/services", "/v1/agent/service/register", "/v1/agent/service/deregister/",
        "/v1/agent/service/maintenance/", "/v1/agent/service/",
        "/v1/agent/health/service/name/", "/v1/agent/health/service/id/", "/v1/agent/checks",
        "/v1/agent/check/register", "/v1/agent/check/deregister/", "/v1/agent/check/pass/",
        "/v1/agent/check/warn/", "/v1/agent/check/fail/", "/v1/agent/check/update/",
        "/v1/agent/check/run/", "/v1/agent/check/history/", "/v1/agent/watches",
        "/v1/agent/watch/", "/v1/session/create", "/v1/txn",
        "/v1/coordinate/nodes", "/v1/coordinate/node/", "/v1/coordinate/update",
        "/v1/coordinate/datacenters", "/", "/ui/", "*", "",
    ]
    private let names = [
        "recurse", "keys", "separator", "raw", "cas", "flags", "acquire", "release", "dc", "ns",
        "stale", "consistent", "near", "node-meta", "filter", "passing", "tag", "pretty", "token",
        "format", "note", "reason", "enable", "name", "node", "service", "index", "hash",
        "replace-existing-checks", "cached", "segment",
    ]

    func request(_ random: inout SeededRandom) -> [UInt8] {
        let methods = ["GET", "GET", "PUT", "PUT", "PUT", "DELETE", "HEAD", "POST", "OPTIONS"]
        var bytes = Array((methods.randomElement(using: &random) ?? "GET").utf8) + [0x20]
        bytes += target(&random)
        bytes += " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".utf8
        if Bool.random(using: &random) {
            let value = texts.input(&random).filter { $0 >= 0x20 && $0 != 0x7F }
            bytes += "X-Consul-Token: ".utf8 + value + "\r\n".utf8
        }
        // Compressed answers are tested elsewhere: the text of an error must be readable here.
        if Bool.random(using: &random) { bytes += "Accept-Encoding: gzip;q=0\r\n".utf8 }
        let body = Int.random(in: 0..<3, using: &random) == 0 ? [] : bodies.input(&random)
        bytes += "Content-Length: \(body.count)\r\n\r\n".utf8
        return bytes + body
    }

    private func target(_ random: inout SeededRandom) -> [UInt8] {
        let path = paths.randomElement(using: &random) ?? "/"
        var target = Array(path.utf8)
        if path.hasSuffix("/") || Int.random(in: 0..<20, using: &random) == 0 {
            target += escaped(texts.input(&random), &random)
        }
        var pairs: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let name = names.randomElement(using: &random) ?? ""
            let value = name == "filter" ? filters.input(&random) : texts.input(&random)
            pairs.append(Array(name.utf8) + [0x3D] + escaped(value, &random))
        }
        // No request waits here.
        if !pairs.isEmpty { target += "?wait=1ms".utf8 }
        for pair in pairs { target += [0x26] + pair }
        return target.isEmpty ? [0x2F] : target
    }

    /// Escapes the characters that would end the target, and the others at random.
    private func escaped(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        let escapesAll = Bool.random(using: &random)
        let hex = Array("0123456789abcdef".utf8)
        return bytes.flatMap { byte -> [UInt8] in
            byte > 0x20 && byte < 0x7F && (!escapesAll || byte >= 0x30)
                ? [byte] : [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        }
    }
}
