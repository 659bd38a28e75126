import Platform
import TestKit
import Testing

/// `consul snapshot`: an archive of either program restores into the other, by either command.
@Suite(.serialized, .enabled(if: Program.isPeerThere))
struct ArchiveTests {
    private static let state = [
        HTTPLine("PUT", "/v1/kv/one?flags=7", "1"), HTTPLine("PUT", "/v1/kv/dir/two", "2"),
        HTTPLine("PUT", "/v1/kv/dir/", ""), HTTPLine("PUT", "/v1/kv/gone", "x"),
        HTTPLine("DELETE", "/v1/kv/gone"),
        HTTPLine(
            "PUT", "/v1/catalog/register",
            #"{"Node":"ext","Address":"10.0.0.1","NodeMeta":{"a":"b"},"Service":{"Service":"web","#
                + #""Port":80,"Tags":["t"],"Meta":{"m":"1"}},"Check":{"Name":"c","#
                + #""Status":"passing","ServiceID":"web"}}"#),
        HTTPLine(
            "PUT", "/v1/coordinate/update",
            #"{"Node":"ext","Coord":{"Vec":[0.5,0,0,0,0,0,0,1e-7],"Height":0.001}}"#),
    ]
    private static let reads = [
        "/v1/kv/?recurse", "/v1/kv/?keys", "/v1/kv/gone", "/v1/catalog/node/ext",
        "/v1/catalog/service/web", "/v1/health/node/ext", "/v1/health/service/web",
        "/v1/session/list", "/v1/coordinate/node/ext",
    ]

    private func command(
        _ program: Program, _ agent: PeerAgent, _ scratch: Scratch, _ words: String...
    ) async -> String {
        var spec = ProcessSpec([program.path, "snapshot"] + words)
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "127.0.0.1:\(agent.httpPort)", "TMPDIR": scratch.temporary,
        ])
        return await ProcessRun.run(spec).output
    }

    private func answers(_ agent: PeerAgent) throws -> [String] {
        try Self.reads.map { path in
            let answer = try RawHTTP.ask(HTTPLine("GET", path), port: agent.httpPort)
            return "\(path) \(answer.status) \(answer.body)"
        }
    }

    /// Waits until the coordinate is in the state, some seconds after its update.
    private func waitForCoordinate(_ agent: PeerAgent) async throws {
        let line = HTTPLine("GET", "/v1/coordinate/node/ext")
        try await eventually("the coordinate is stored") {
            try RawHTTP.ask(line, port: agent.httpPort).status == "HTTP/1.1 200 OK"
        }
    }

    private func lock(_ agent: PeerAgent) throws {
        let made = try RawHTTP.ask(
            HTTPLine("PUT", "/v1/session/create", #"{"Node":"ext","NodeChecks":["c"],"TTL":"1h"}"#),
            port: agent.httpPort)
        let id = made.body.split(separator: "\"")[3]
        _ = try RawHTTP.ask(
            HTTPLine("PUT", "/v1/kv/held?acquire=\(id)", "h"), port: agent.httpPort)
    }

    @Test(.timeLimit(.minutes(2)), arguments: [Program.ours, .theirs])
    func anArchiveRestoresIntoTheOther(from: Program) async throws {
        let to = from == .ours ? Program.theirs : .ours
        let folder = try Scratch(from, "archive")
        defer { folder.remove() }
        let source = try await PeerAgent(from, dataDirectory: "\(folder.path)/from")
        let target = try await PeerAgent(to, dataDirectory: "\(folder.path)/to")
        for line in Self.state { _ = try RawHTTP.ask(line, port: source.httpPort) }
        try lock(source)
        try await waitForCoordinate(source)
        _ = try RawHTTP.ask(HTTPLine("PUT", "/v1/kv/before", "b"), port: target.httpPort)
        let file = "\(folder.path)/state.snap"
        // The other program's command saves, its own restores.
        #expect(
            await command(to, source, folder, "save", file)
                .hasPrefix("Saved and verified snapshot to index "))
        #expect(
            await command(.ours, source, folder, "inspect", file)
                == command(.theirs, source, folder, "inspect", file))
        #expect(await command(from, target, folder, "restore", file).hasPrefix("Restored snapshot"))
        // The answers are equal including the last index.
        #expect(try answers(target) == answers(source))
        let write = try RawHTTP.ask(HTTPLine("PUT", "/v1/kv/after", "a"), port: target.httpPort)
        #expect(write.body == "true")
        await target.stop()
        await source.stop()
    }
}
