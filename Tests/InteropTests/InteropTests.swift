import Platform
import Testing
import Wire

/// Compares this program with HashiCorp Consul: the same requests and the same command lines must
/// have the same answers. The answers are in golden files; HashiCorp's program is run too if it is
/// installed.
@Suite(.serialized, .enabled(if: Program.isOursThere))
struct InteropTests {
    /// The sections of the page of differences, from its headings.
    private static func sections() throws -> Set<String> {
        let page = try Files.read(
            ScriptFile.root
                + "Sources/ConsulHTTP/ConsulHTTP.docc/DifferencesFromHashiCorpConsul.md",
            limit: 1 << 20)
        return Set(
            String(decoding: page, as: UTF8.self).split(separator: "\n")
                .filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) })
    }

    @Test func everyMarkIsExplained() throws {
        let sections = try Self.sections()
        let requests = try ["http.txt", "http-guards.txt", "http-bad-input.txt"].flatMap {
            try ScriptFile.lines($0)
        }
        .compactMap { HTTPLine($0)?.mark }
        let commands = try ScriptFile.commands().compactMap { $0.mark }
        for mark in Set(requests + commands) {
            #expect(sections.contains(mark), "the page of differences has no section \(mark)")
        }
    }

    @Test(.timeLimit(.minutes(5))) func requestsAreAnsweredAlike() async throws {
        try await compare("http.txt", configuration: nil)
    }

    @Test(.timeLimit(.minutes(5))) func badRequestsAreAnsweredAlike() async throws {
        try await compare("http-bad-input.txt", configuration: nil)
    }

    /// Runs under the guards of `http_config`, and without the UI.
    @Test(.timeLimit(.minutes(2))) func guardedRequestsAreAnsweredAlike() async throws {
        try await compare(
            "http-guards.txt",
            configuration: """
                {"ui": false, "discovery_max_stale": "10s", "http_config": {
                  "response_headers": {"X-Extra": "one", "Access-Control-Allow-Origin": "*"},
                  "block_endpoints": ["/v1/agent/self", "/v1/catalog/node"],
                  "allow_write_http_from": ["10.0.0.0/8"]}}
                """)
    }

    private func compare(_ script: String, configuration: String?) async throws {
        let theirs =
            Program.isPeerThere ? try await PeerAgent(.theirs, configuration: configuration) : nil
        do {
            let ours = try await PeerAgent(.ours, configuration: configuration)
            var golden = try GoldenFile(script)
            for text in try ScriptFile.lines(script) {
                let line = try #require(HTTPLine(text), "no request: \(text)")
                try await compare(line, theirs, ours, &golden)
            }
            if GoldenFile.isUpdated { try golden.save() }
            await ours.stop()
        } catch {
            await theirs?.stop()
            throw error
        }
        await theirs?.stop()
    }

    private func compare(
        _ line: HTTPLine, _ theirs: PeerAgent?, _ ours: PeerAgent, _ golden: inout GoldenFile
    ) async throws {
        if line.mark != nil {
            let answer = try ask(line, ours)
            #expect(answer.hasPrefix("HTTP/1.1 "), "\(line)")
            // The line may change the results of later lines.
            if let theirs { _ = try ask(line, theirs) }
            return
        }
        if GoldenFile.isUpdated, let theirs {
            var pair = (theirs: try ask(line, theirs), ours: try ask(line, ours))
            try await settle(line) {
                if pair.theirs == pair.ours { return true }
                pair = (try ask(line, theirs), try ask(line, ours))
                return false
            }
            golden.add("\(line)", String(pair.theirs.dropLast()))
            #expect(pair.ours == pair.theirs, "\(line)")
            return
        }
        let expected = try golden.answer(to: "\(line)")
        for agent in [theirs, ours].compactMap({ $0 }) {
            var found = try ask(line, agent)
            try await settle(line) {
                if found == expected { return true }
                found = try ask(line, agent)
                return false
            }
            #expect(found == expected, "\(agent.program): \(line)")
        }
    }

    /// Repeats a read until it is as expected, or has differed for half a minute: an agent's
    /// registrations reach its catalog a little later.
    private func settle(_ line: HTTPLine, _ isSettled: () throws -> Bool) async throws {
        for _ in 0..<600 {
            if try isSettled() || line.method != "GET" || line.header != nil { return }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
    }

    private func ask(_ line: HTTPLine, _ agent: PeerAgent) throws -> String {
        Masking.masked(try RawHTTP.ask(line, port: agent.httpPort), ports: agent.ports).golden
    }

    /// Runs this program against its agent; and, if HashiCorp's is installed, both programs against
    /// both agents, the two agents at the same time.
    @Test(.timeLimit(.minutes(5))) func commandLinesDoAlike() async throws {
        let theirs = Program.isPeerThere ? try await PeerAgent(.theirs) : nil
        do {
            let ours = try await PeerAgent(.ours)
            let peer: Program? = Program.isPeerThere ? .theirs : nil
            async let atOurs = runs([.ours, peer], against: ours)
            var all: [Runs] = []
            if let theirs { all = try await runs([.theirs, .ours], against: theirs) }
            try judge(all + (try await atOurs))
            await ours.stop()
        } catch {
            await theirs?.stop()
            throw error
        }
        await theirs?.stop()
    }

    private struct Runs: Sendable {
        var title: String
        var program: Program
        var all: [CommandRun]
    }

    /// Runs one program after the other: each finds the state that the previous one has left.
    private func runs(_ programs: [Program?], against agent: PeerAgent) async throws -> [Runs] {
        var found: [Runs] = []
        for program in programs.compactMap({ $0 }) {
            let run = "run-\(program)-\(agent.program)"
            found.append(
                Runs(
                    title: "\(program) against \(agent.program)", program: program,
                    all: try await CommandRun.all(program, against: agent, run: run)))
        }
        return found
    }

    /// The first runs are those of HashiCorp's program against its own agent, if it is installed.
    private func judge(_ runs: [Runs]) throws {
        var golden = try GoldenFile("cli.txt")
        if GoldenFile.isUpdated {
            for run in runs[0].all where run.isCompared {
                golden.add(run.line.text, String(run.golden.dropLast()))
            }
            try golden.save()
        }
        for runs in runs {
            var expected = golden
            for run in runs.all where run.isCompared {
                let right = try expected.answer(to: run.line.text)
                #expect(run.golden == right, "\(runs.title): \(run.line.text)")
            }
        }
    }

    /// Either program ends either agent by `leave`, and reports it.
    @Test(.timeLimit(.minutes(2)), arguments: Program.present, Program.present)
    func leaveEndsTheAgent(program: Program, agent kind: Program) async throws {
        let agent = try await PeerAgent(kind)
        let leave = CommandLineText(mark: nil, text: "consul leave")
        let scratch = try Scratch(program, "run-a")
        defer { scratch.remove() }
        let result = try await CommandRun.one(leave, in: scratch, against: agent)
        await agent.stop()
        #expect(result.code == 0)
        #expect(result.output == "Graceful leave complete\n")
        #expect(result.errorOutput == "")
    }
}
