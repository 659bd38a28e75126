import Glibc
import Platform
import Primitives
import TestKit
import Testing
import Wire

/// Runs `consul lock -fair` and `-shared` together with plain locks, and reads their status.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Program.isOursThere))
struct LockQueueTests {
    private static let servers: [Program] = Program.isPeerThere ? [.ours, .theirs] : [.ours]
    private static let others: Program = Program.isPeerThere ? .theirs : .ours

    private struct Stage {
        let agent: PeerAgent
        let scratch: Scratch
        var log: String { "\(scratch.path)/log" }

        func run(_ line: String) async throws -> CommandRun {
            try await CommandRun.one(
                CommandLineText(mark: nil, text: line), in: scratch, against: agent, masks: false)
        }

        /// Starts a lock whose child logs its begin, waits for the file `go`, and logs its end.
        func lock(
            _ flags: [String], _ name: String, by program: Program = .ours
        ) -> Task<ChildEnding, Never> {
            let child = """
                echo begin \(name) >> \(log); while [ ! -e \(scratch.path)/go ]; do sleep 0.05; \
                done; echo end \(name) >> \(log)
                """
            var spec = ProcessSpec([program.path, "lock"] + flags + ["jobs/queue", child])
            spec.environment = .inherited(adding: [
                "CONSUL_HTTP_ADDR": "127.0.0.1:\(agent.httpPort)", "SHELL": "/bin/sh",
            ])
            spec.timeout = .seconds(100)
            return Task { [spec] in await ProcessRun.run(spec).ending }
        }

        var lines: [String] {
            let bytes = (try? Files.read(log, limit: 1 << 16)) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        func status() async throws -> JSONValue? {
            let run = try await run("consul lock show -format=json jobs/queue")
            return try? JSONReader.decode(JSONValue.self, from: Array(run.output.utf8))
        }

        func counts() async throws -> [Int] {
            let status = try await status()
            return ["Holders", "Waiters"].map { status?[$0]?.arrayValue?.count ?? 0 }
        }
    }

    private static func on(
        _ server: Program, _ body: (Stage) async throws -> Void
    ) async throws {
        let agent = try await PeerAgent(server)
        let scratch = try Scratch(.ours, "queue-\(server)")
        defer { scratch.remove() }
        do {
            try await body(Stage(agent: agent, scratch: scratch))
        } catch {
            await agent.stop()
            throw error
        }
        await agent.stop()
    }

    @Test(arguments: Self.servers) func waitersAcquireInOrder(server: Program) async throws {
        try await Self.on(server) { stage in
            var tasks = [stage.lock(["-shared"], "s1")]
            try await eventually("s1 holds") { try await stage.counts() == [1, 0] }
            tasks.append(stage.lock(["-shared"], "s2"))
            try await eventually("s2 holds too") { try await stage.counts() == [2, 0] }
            let queued = [(["-fair"], "f3"), (["-shared"], "s4"), (["-fair"], "f5")]
            for (place, (flags, name)) in queued.enumerated() {
                tasks.append(stage.lock(flags, name))
                try await eventually("\(name) waits") {
                    try await stage.counts() == [2, place + 1]
                }
            }
            #expect(stage.lines == ["begin s1", "begin s2"])
            let refused = try await stage.run("consul lock -nowait -shared jobs/queue true")
            #expect(refused.code == 75)
            let list = try await stage.run("consul lock list jobs")
            #expect(
                list.output == """
                    Prefix      Kind    Holders  Waiters  Held By
                    jobs/queue  shared  2        3        interop,interop

                    """)
            try AtomicFile.write("\(stage.scratch.path)/go", [], mode: 0o600)
            for task in tasks { #expect(await task.value == .exited(0)) }
            let rest = [
                "begin f3", "end f3", "begin s4", "end s4", "begin f5", "end f5",
            ]
            #expect(stage.lines.suffix(6) == rest[...])
            let none = try await stage.run("consul lock show jobs/queue")
            #expect(none.code == 2 && none.errorOutput == "There is no lock at jobs/queue\n")
            let keys = try await stage.run("consul kv get -keys -recurse jobs/")
            #expect(keys.output.isEmpty)
        }
    }

    /// A contender without queues excludes those in a queue, and is excluded by them.
    @Test(arguments: Self.servers) func plainLocksAreRespected(server: Program) async throws {
        try await Self.on(server) { stage in
            let plain = stage.lock([], "plain", by: Self.others)
            try await eventually("it holds") { stage.lines == ["begin plain"] }
            for flags in ["-fair", "-shared", ""] {
                let run = try await stage.run("consul lock -nowait \(flags) jobs/queue true")
                #expect(run.code == 75, "\(flags)")
            }
            try AtomicFile.write("\(stage.scratch.path)/go", [], mode: 0o600)
            #expect(await plain.value == .exited(0))
            unlink("\(stage.scratch.path)/go")
            let shared = stage.lock(["-shared"], "shared")
            try await eventually("it is shared") { stage.lines.last == "begin shared" }
            let other = stage.lock(["-timeout=500ms"], "never", by: Self.others)
            #expect(await other.value == .exited(1))
            try AtomicFile.write("\(stage.scratch.path)/go", [], mode: 0o600)
            #expect(await shared.value == .exited(0))
            #expect(!stage.lines.contains("begin never"))
        }
    }

    @Test(arguments: Self.servers) func lockCanBeBroken(server: Program) async throws {
        try await Self.on(server) { stage in
            for flags in [[], ["-fair"], ["-shared"], ["-n=2"]] {
                let prefix = "jobs/\(flags.joined())"
                let mark = "\(stage.scratch.path)/held"
                var spec = ProcessSpec(
                    [Program.ours.path, "lock", "-child-exit-code-exact"] + flags
                        + [prefix, "echo > \(mark); sleep 100"])
                spec.environment = .inherited(adding: [
                    "CONSUL_HTTP_ADDR": "127.0.0.1:\(stage.agent.httpPort)", "SHELL": "/bin/sh",
                ])
                spec.timeout = .seconds(60)
                async let outcome = ProcessRun.run(spec)
                try await eventually("it holds") { Files.exists(mark) }
                let kept = try await stage.run("echo no | consul lock break \(prefix)")
                #expect(kept.code == 3, "\(kept)")
                let done = try await stage.run("consul lock break -force \(prefix)")
                #expect(done.code == 0 && done.output.contains("Ended session"), "\(done)")
                #expect(await outcome.ending == .exited(76), "\(flags)")
                let none = try await stage.run("consul lock break -force \(prefix)")
                #expect(none.code == 2, "\(none)")
                unlink(mark)
            }
        }
    }
}
