import Platform
import Primitives
import Testing

/// Saves random histories of this program: HashiCorp's restores each and continues.
@Suite(.serialized, .enabled(if: Program.isPeerThere))
struct HistoryArchiveTests {
    private static let keys = [
        "a", "A", "dir/", "dir/x", "//", "%C3%BC", "a%20b", "..", "%25", "0",
    ]
    private static let names = ["web", "Web", "db", "x.y", "ü", "a b", "a/b", "_", "n0"]

    private struct History {
        var random: SeededRandom
        var sessions: [String] = []

        mutating func pick(_ texts: [String]) -> String {
            texts[Int(random.next() % UInt64(texts.count))]
        }
        mutating func key() -> String { pick(keys) + (random.next() % 2 == 0 ? pick(keys) : "") }
        mutating func name() -> String { pick(names) }

        mutating func next() -> HTTPLine {
            switch random.next() % 12 {
            case 0...2:
                return HTTPLine("PUT", "/v1/kv/\(key())?flags=\(random.next())", pick(keys))
            case 3: return HTTPLine("DELETE", "/v1/kv/\(key())")
            case 4: return HTTPLine("DELETE", "/v1/kv/\(pick(["", "a", "dir/"]))?recurse")
            case 5, 6: return registration()
            case 7:
                let part = pick(["", #","ServiceID":"\#(name())""#, #","CheckID":"\#(name())""#])
                return HTTPLine(
                    "PUT", "/v1/catalog/deregister", #"{"Node":"\#(name())"\#(part)}"#)
            case 8:
                let behavior = pick(["release", "delete"])
                return HTTPLine(
                    "PUT", "/v1/session/create",
                    #"{"Behavior":"\#(behavior)","LockDelay":"0s","TTL":"\#(pick(["", "1h"]))"}"#)
            case 9:
                let verb = pick(["acquire", "release"])
                let session = sessions.isEmpty ? "" : pick(sessions)
                return HTTPLine("PUT", "/v1/kv/\(key())?\(verb)=\(session)", "l")
            case 10:
                let session = sessions.isEmpty ? "" : pick(sessions)
                return HTTPLine("PUT", "/v1/session/destroy/\(session)", "")
            default:
                let operations = (0..<3).map { _ in
                    let verb = pick(["set", "delete", "delete-tree", "check-not-exists"])
                    let key = pick(keys + [""])
                    return #"{"KV":{"Verb":"\#(verb)","Key":"\#(key)","Value":"dg=="}}"#
                }
                return HTTPLine("PUT", "/v1/txn", "[\(operations.joined(separator: ","))]")
            }
        }

        private mutating func registration() -> HTTPLine {
            let service = name()
            let check = pick(["", #""ServiceID":"\#(service)","#])
            return HTTPLine(
                "PUT", "/v1/catalog/register",
                #"{"Node":"\#(name())","Address":"10.0.0.1","NodeMeta":{"m":"\#(name())"},"#
                    + #""Service":{"Service":"\#(service)","Tags":["t"],"Port":80},"#
                    + #""Check":{\#(check)"Name":"\#(name())","Status":"passing"}}"#)
        }
    }

    private func answers(_ agent: PeerAgent) throws -> [String] {
        var paths = ["/v1/kv/?recurse", "/v1/kv/?keys", "/v1/kv/dir/?keys", "/v1/session/list"]
        for name in Self.names {
            let escaped = name.utf8.map { "%" + String(UInt16($0) + 0x100, radix: 16).dropFirst() }
                .joined()
            paths += ["/v1/catalog/node/\(escaped)", "/v1/health/node/\(escaped)"]
        }
        return try paths.map { path in
            let answer = try RawHTTP.ask(HTTPLine("GET", path), port: agent.httpPort)
            // HashiCorp's gives a check the newest spelling of its service when it restores.
            return "\(path) \(answer.status) \(answer.body)".lowercased()
        }
    }

    private func snapshot(_ agent: PeerAgent, _ verb: String, _ file: String) async -> String {
        var spec = ProcessSpec([Program.ours.path, "snapshot", verb, file])
        spec.environment = .inherited(adding: ["CONSUL_HTTP_ADDR": "127.0.0.1:\(agent.httpPort)"])
        return await ProcessRun.run(spec).output
    }

    @Test(.timeLimit(.minutes(3)))
    func hashiCorpsRestoresOurArchives() async throws {
        let folder = try Scratch(.ours, "history")
        defer { folder.remove() }
        let source = try await PeerAgent(.ours, dataDirectory: "\(folder.path)/from")
        let target = try await PeerAgent(.theirs, dataDirectory: "\(folder.path)/to")
        do { try await compare(source, target, folder) } catch { Issue.record("\(error)") }
        await target.stop()
        await source.stop()
    }

    private func compare(
        _ source: PeerAgent, _ target: PeerAgent, _ folder: Scratch
    ) async throws {
        for seed in 1...8 {
            var history = History(random: SeededRandom(seed: UInt64(seed)))
            for _ in 0..<120 {
                let line = history.next()
                let answer = try RawHTTP.ask(line, port: source.httpPort)
                if line.uri == "/v1/session/create", answer.status.contains("200") {
                    history.sessions.append(String(answer.body.split(separator: "\"")[3]))
                }
            }
            // The last command in the log at the time: it once made a server end.
            if seed % 2 == 0 {
                let all = HTTPLine("DELETE", "/v1/kv/?recurse")
                _ = try RawHTTP.ask(all, port: source.httpPort)
            }
            let file = "\(folder.path)/\(seed).snap"
            #expect(await snapshot(source, "save", file).hasPrefix("Saved and verified"))
            #expect(await snapshot(target, "restore", file).hasPrefix("Restored"), "seed \(seed)")
            for (found, saved) in zip(try answers(target), try answers(source)) {
                #expect(found == saved, "seed \(seed)")
            }
        }
        let write = try RawHTTP.ask(HTTPLine("PUT", "/v1/kv/after", "a"), port: target.httpPort)
        #expect(write.body == "true")
    }
}
