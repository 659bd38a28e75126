import Glibc
import Platform
import Primitives
import TestKit
import Testing

/// Runs `consul lock` as processes: ours alone and together with HashiCorp's.
@Suite(.serialized, .enabled(if: Program.isOursThere))
struct LockTests {
    /// A process that wants the lock.
    private struct Contender: Sendable {
        var program = Program.ours
        var agent: PeerAgent
        var words: [String]
        var child: String

        func run(_ handle: ProcessHandle = ProcessHandle()) async -> ChildOutcome {
            var spec = ProcessSpec([program.path, "lock"] + words + [child])
            spec.environment = .inherited(adding: [
                "CONSUL_HTTP_ADDR": "127.0.0.1:\(agent.httpPort)", "SHELL": "/bin/sh",
            ])
            spec.timeout = .seconds(120)
            return await ProcessRun.run(spec, handle: handle)
        }
    }

    private static func isAlive(_ pid: Int32) -> Bool { pid > 0 && kill(pid, 0) == 0 }

    private static func number(in file: String) -> Int32? {
        guard let bytes = try? Files.read(file, limit: 100) else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? "")
    }

    /// The installed programs, on an agent each.
    private static var programs: [Program] { Program.isPeerThere ? [.ours, .theirs] : [.ours] }

    @Test(.timeLimit(.minutes(3)), arguments: Self.programs, [1, 2])
    func lockHasOneHolderAtATime(server: Program, limit: Int) async throws {
        let agent = try await PeerAgent(server)
        let folder = try Scratch(server, "lock-\(limit)")
        defer { folder.remove() }
        // One folder per permitted holder: a holder that finds none free was not alone.
        let slots = (1...limit).map {
            "\($0 == 1 ? "if" : "elif") mkdir \(folder.path)/s\($0) 2>/dev/null; then s=\($0); "
        }
        let child =
            slots.joined() + "else echo crowd >> \(folder.path)/log; fi; "
            + "sleep 0.1; echo run >> \(folder.path)/log; rmdir \(folder.path)/s$s"
        let outcomes = await withTaskGroup(of: ChildOutcome.self) { tasks in
            for number in 0..<8 {
                let program = Self.programs[number % Self.programs.count]
                let contender = Contender(
                    program: program, agent: agent, words: ["-n=\(limit)", "jobs/one"],
                    child: child)
                tasks.addTask { await contender.run() }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        for outcome in outcomes { #expect(outcome.ending == .exited(0), "\(outcome.output)") }
        let log = String(
            decoding: try Files.read("\(folder.path)/log", limit: 1 << 16), as: UTF8.self)
        #expect(log == String(repeating: "run\n", count: 8))
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func exitCodesReportTheChildsEnd() async throws {
        let agent = try await PeerAgent(.ours)
        func code(_ words: [String], _ child: String) async -> ChildEnding {
            await Contender(agent: agent, words: words, child: child).run().ending
        }
        #expect(await code(["codes"], "exit 7") == .exited(0))
        #expect(await code(["-child-exit-code", "codes"], "exit 7") == .exited(2))
        #expect(await code(["-child-exit-code-exact", "codes"], "exit 7") == .exited(7))
        #expect(await code(["-child-exit-code-exact", "codes"], "kill -9 $$") == .exited(137))
        #expect(
            await code(["-child-exit-code-exact", "-shell=false", "codes"], "/none")
                == .exited(127))
        let gone = "-http-addr=127.0.0.1:1"
        #expect(await code(["-child-exit-code-exact", gone, "codes"], "true") == .exited(125))
        #expect(await code([gone, "codes"], "true") == .exited(1))

        let folder = try Scratch(.ours, "codes")
        defer { folder.remove() }
        let mark = "\(folder.path)/held"
        let holder = ProcessHandle()
        async let held = Contender(
            agent: agent, words: ["-child-exit-code-exact", "codes"],
            child: "echo $$ > \(mark); exec sleep 60"
        ).run(holder)
        try await eventually("the lock is held") { Self.number(in: mark) != nil }
        #expect(await code(["-nowait", "codes"], "true") == .exited(75))
        #expect(await code(["-timeout=300ms", "codes"], "true") == .exited(1))
        #expect(
            await code(["-child-exit-code-exact", "-timeout=300ms", "codes"], "true")
                == .exited(124))
        async let kept = Contender(
            agent: agent, words: ["-hold=4s", "kept"], child: "echo $$ > \(mark)2"
        ).run()
        try await eventually("the child has run") { Self.number(in: "\(mark)2") != nil }
        #expect(await code(["-nowait", "kept"], "true") == .exited(75))
        let outcome = await kept
        #expect(outcome.ending == .exited(0))
        #expect(outcome.duration >= .seconds(4))
        #expect(await code(["-nowait", "kept"], "true") == .exited(0))

        let key = try RawHTTP.ask(
            HTTPLine("GET", "/v1/kv/codes/.lock"), port: agent.httpPort
        ).body
        let session = try #require(key.firstMatch(of: /"Session": ?"([0-9a-f-]+)"/)).output.1
        _ = try RawHTTP.ask(
            HTTPLine("PUT", "/v1/session/destroy/\(session)"), port: agent.httpPort)
        #expect(await held.ending == .exited(76))
        await agent.stop()
    }

    /// A durable agent is killed and returns within the session's TTL.
    @Test(.timeLimit(.minutes(2))) func lockSurvivesARestartOfItsAgent() async throws {
        let folder = try Scratch(.ours, "durable")
        defer { folder.remove() }
        let ports = try FreePorts.take(4)
        let port = ports[0]
        func start() throws -> ChildProcess {
            try ChildProcess.start(
                ProcessSpec([
                    Program.ours.path, "agent", "-server", "-bootstrap-expect=1",
                    "-data-dir=\(folder.path)/data", "-node=durable", "-bind=127.0.0.1",
                    "-http-port=\(port)", "-dns-port=-1", "-log-level=warn",
                    "-server-port=\(ports[1])", "-serf-lan-port=\(ports[2])",
                    "-serf-wan-port=\(ports[3])",
                ]))
        }
        func isReady() -> Bool {
            let answer = try? RawHTTP.ask(
                HTTPLine("GET", "/v1/health/node/durable"), port: port)
            return answer?.body.contains("serfHealth") ?? false
        }
        let first = try start()
        try await eventually("the agent is ready") { isReady() }
        let mark = "\(folder.path)/held"
        var spec = ProcessSpec([
            Program.ours.path, "lock", "-child-exit-code-exact", "durable",
            "echo $$ > \(mark); while [ ! -e \(mark).go ]; do sleep 0.1; done; exit 9",
        ])
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "127.0.0.1:\(port)", "SHELL": "/bin/sh",
        ])
        spec.timeout = .seconds(60)
        async let outcome = ProcessRun.run(spec)
        try await eventually("the lock is held") { Self.number(in: mark) != nil }
        await first.terminate(signal: SIGKILL)
        let second = try start()
        try await eventually("the agent is back") { isReady() }
        let key = try RawHTTP.ask(HTTPLine("GET", "/v1/kv/durable/.lock"), port: port).body
        #expect(key.contains("\"Session\""))
        try AtomicFile.write("\(mark).go", [], mode: 0o600)
        #expect(await outcome.ending == .exited(9))
        await second.terminate()
    }

    /// When a holder is killed, or stopped, or cut off from its agent, its child and all processes
    /// that the child started are dead within the session's TTL.
    @Test(.timeLimit(.minutes(3)), arguments: ["killed", "stopped", "agent killed"])
    func childDiesWithinTheTTL(fate: String) async throws {
        let agent = try await PeerAgent(.ours)
        let folder = try Scratch(.ours, "fate")
        defer { folder.remove() }
        let (leader, other) = ("\(folder.path)/leader", "\(folder.path)/other")
        let handle = ProcessHandle { pid in
            try? AtomicFile.write("\(folder.path)/holder", Array("\(pid)\n".utf8), mode: 0o600)
        }
        async let outcome = Contender(
            agent: agent, words: ["-child-exit-code-exact", "fate"],
            child: "sleep 100 & echo $! > \(other); echo $$ > \(leader); wait"
        ).run(handle)
        try await eventually("the child runs") {
            [leader, other, "\(folder.path)/holder"].allSatisfy { Self.number(in: $0) != nil }
        }
        let pids = [try #require(Self.number(in: leader)), try #require(Self.number(in: other))]
        let holder = try #require(Self.number(in: "\(folder.path)/holder"))
        let start = SystemClock.now()
        switch fate {
        case "killed": kill(holder, SIGKILL)
        case "stopped": kill(holder, SIGSTOP)
        default: kill(agent.processIdentifier, SIGKILL)
        }
        try await eventually("the child is dead") {
            pids.allSatisfy { !Self.isAlive($0) || Proc.isZombie($0) }
        }
        #expect(SystemClock.now() - start < .seconds(16))
        if fate == "stopped" { kill(holder, SIGCONT) }
        let ending = await outcome.ending
        #expect(fate == "killed" ? ending == .signalled(SIGKILL) : ending == .exited(76))
        await agent.stop()
    }
}

private enum Proc {
    static func isZombie(_ pid: Int32) -> Bool {
        guard let bytes = try? Files.read("/proc/\(pid)/stat", limit: 1 << 12) else { return true }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last ?? ""
        return fields.hasPrefix(" Z")
    }
}
