import Platform
import Testing
import Wire

/// Ours beside HashiCorp Consul: the same requests and the same command lines, and the answers must
/// be alike. Skipped where that program is not installed.
@Suite(.serialized, .enabled(if: Program.isPeerThere))
struct InteropTests {
    /// Sections of the page of differences, from its headings.
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

    /// Under the guards of `http_config`, and without the UI.
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
        let theirs = try await PeerAgent(.theirs, configuration: configuration)
        do {
            let ours = try await PeerAgent(.ours, configuration: configuration)
            for text in try ScriptFile.lines(script) {
                let line = try #require(HTTPLine(text), "no request: \(text)")
                try await compare(line, theirs, ours)
            }
            await ours.stop()
        } catch {
            await theirs.stop()
            throw error
        }
        await theirs.stop()
    }

    /// What an agent registers reaches its catalog a little later: reads are put again until they
    /// are alike, or have differed for half a minute.
    private func compare(_ line: HTTPLine, _ theirs: PeerAgent, _ ours: PeerAgent) async throws {
        var pair = try ask(line, theirs, ours)
        if line.mark != nil {
            #expect(pair.ours.status.hasPrefix("HTTP/1.1 "), "\(line)")
            return
        }
        for _ in 0..<600
        where line.method == "GET" && line.header == nil && pair.theirs != pair.ours {
            try await Task.sleep(nanoseconds: 50_000_000)
            pair = try ask(line, theirs, ours)
        }
        #expect(pair.ours.status == pair.theirs.status, "\(line)")
        #expect(pair.ours.headers == pair.theirs.headers, "\(line)")
        // Two compressors may differ in bytes.
        if !pair.ours.headers.contains("Content-Encoding: gzip") {
            #expect(pair.ours.body == pair.theirs.body, "\(line)")
        }
    }

    private func ask(_ line: HTTPLine, _ theirs: PeerAgent, _ ours: PeerAgent) throws
        -> (theirs: RawAnswer, ours: RawAnswer)
    {
        (
            Masking.masked(
                try RawHTTP.ask(line, port: theirs.httpPort), ports: theirs.ports),
            Masking.masked(try RawHTTP.ask(line, port: ours.httpPort), ports: ours.ports)
        )
    }

    /// Both programs against both agents; theirs against theirs says what is right.
    @Test(.timeLimit(.minutes(5))) func commandLinesDoAlike() async throws {
        let theirs = try await PeerAgent(.theirs)
        do {
            let ours = try await PeerAgent(.ours)
            let right = try await CommandRun.all(.theirs, against: theirs, run: "run-a")
            let others: [(Program, PeerAgent, String)] = [
                (.ours, ours, "run-b"), (.ours, theirs, "run-c"), (.theirs, ours, "run-d"),
            ]
            for (program, agent, run) in others {
                let found = try await CommandRun.all(program, against: agent, run: run)
                for (expected, got) in zip(right, found)
                where ["help-texts", nil].contains(expected.line.mark) {
                    let pair = "\(program) against \(agent.program): \(got.line.text)"
                    let isHelp = expected.line.mark != nil
                    let same = { (text: String) in isHelp ? Self.beginning(text) : text }
                    #expect(got.code == expected.code, "\(pair)")
                    #expect(same(got.output) == same(expected.output), "\(pair)")
                    #expect(same(got.errorOutput) == same(expected.errorOutput), "\(pair)")
                }
            }
            await ours.stop()
        } catch {
            await theirs.stop()
            throw error
        }
        await theirs.stop()
    }

    /// Of a help text, the first line must be alike, and where it goes; Consul's sentences below it
    /// are not ours.
    private static func beginning(_ text: String) -> String {
        String(text.prefix { !$0.isNewline })
    }

    /// Either program ends either agent by `leave`, and says so.
    @Test(.timeLimit(.minutes(2)), arguments: Program.allCases, Program.allCases)
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
