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
        let requests = try ScriptFile.lines("http.txt").compactMap { HTTPLine($0)?.mark }
        let commands = try ScriptFile.commands().compactMap { $0.mark }
        for mark in Set(requests + commands) {
            #expect(sections.contains(mark), "the page of differences has no section \(mark)")
        }
    }

    @Test(.timeLimit(.minutes(5))) func requestsAreAnsweredAlike() async throws {
        let theirs = try await PeerAgent(.theirs)
        do {
            let ours = try await PeerAgent(.ours)
            for text in try ScriptFile.lines("http.txt") {
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
    /// are alike, or have differed long enough.
    private func compare(_ line: HTTPLine, _ theirs: PeerAgent, _ ours: PeerAgent) async throws {
        var pair = try ask(line, theirs, ours)
        if line.mark != nil {
            #expect(pair.ours.status.hasPrefix("HTTP/1.1 "), "\(line)")
            return
        }
        for _ in 0..<60
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
                for (expected, got) in zip(right, found) where expected.line.mark == nil {
                    let pair = "\(program) against \(agent.program): \(got.line.text)"
                    #expect(got.code == expected.code, "\(pair)")
                    #expect(got.output == expected.output, "\(pair)")
                    #expect(got.errorOutput == expected.errorOutput, "\(pair)")
                }
            }
            await ours.stop()
        } catch {
            await theirs.stop()
            throw error
        }
        await theirs.stop()
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
