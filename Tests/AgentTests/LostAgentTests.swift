import Glibc
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing

/// Commands whose agent dies, restarts or stops answering while they run.
@Suite struct LostAgentTests {
    private func spec(_ scratch: Scratch, _ words: [String], log: String) -> ProcessSpec {
        let line = #"log="$0"; exec "$@" >>"$log" 2>&1"#
        var spec = ProcessSpec(
            ["sh", "-c", line, "\(scratch.path)/\(log)", AgentProcess.program] + words)
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "unix://\(scratch.path)/http.sock", "SHELL": "/bin/sh",
        ])
        spec.timeout = .seconds(90)
        return spec
    }

    @Test(.timeLimit(.minutes(2))) func watchSurvivesItsAgentAndFiresForNewDataOnly()
        async throws
    {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        #expect(try await agent.put("/v1/kv/k", "one").status == 200)
        let watch = try ChildProcess.start(
            spec(
                scratch,
                ["watch", "-type=key", "-key=k", "cat >> \(scratch.path)/fired"],
                log: "watch.log"))
        try await eventually("it fires at the start") { scratch.lines("fired").count == 1 }
        agent.signal(SIGKILL)
        _ = await agent.exit()
        try await eventually("it logs the failure") {
            scratch.read("watch.log").contains("[ERROR] watch.watch: Watch errored: type=key")
        }
        let second = try await AgentProcess.start(in: scratch)
        // The query after the back-off sees the same data; only the write after it is a change.
        try await eventually("its query waits again") {
            second.log.contains("url=/v1/kv/k from=")
        }
        #expect(try await second.put("/v1/kv/k", "two").status == 200)
        try await eventually("it fires for the write") { scratch.lines("fired").count >= 2 }
        #expect(scratch.lines("fired").count == 2, "\(scratch.read("fired"))")
        #expect(scratch.read("watch.log").contains("retry=5s"))
        kill(watch.processIdentifier, SIGTERM)
        _ = await watch.exit()
        await second.stop()
    }

    /// The child ends by itself while its agent is dead or stopped: its exact code is returned
    /// soon.
    @Test(.timeLimit(.minutes(2)), arguments: [SIGKILL, SIGSTOP])
    func exactCodeOfTheChildIsReturned(_ signal: Int32) async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        let mark = "\(scratch.path)/held"
        let child = "touch \(mark); while [ ! -e \(mark).go ]; do sleep 0.05; done; exit 7"
        async let outcome = ProcessRun.run(
            spec(scratch, ["lock", "-child-exit-code-exact", "jobs/x", child], log: "lock.log"))
        try await eventually("the lock is held") { Files.exists(mark) }
        agent.signal(signal)
        try AtomicFile.write("\(mark).go", [], mode: 0o600)
        #expect(await outcome.ending == .exited(7))
        #expect(scratch.read("lock.log").contains("Lock release failed"))
        #expect(!scratch.read("lock.log").contains("Lock cleanup failed"))
        if signal == SIGSTOP { agent.signal(SIGKILL) }
        _ = await agent.exit()
    }

    /// The child is killed because the session can no longer be renewed: no success.
    @Test(.timeLimit(.minutes(2)), arguments: [false, true])
    func jobKilledForItsAgentIsAFailure(isExact: Bool) async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        let mark = "\(scratch.path)/held"
        let words = ["lock"] + (isExact ? ["-child-exit-code-exact"] : [])
        async let outcome = ProcessRun.run(
            spec(scratch, words + ["jobs/x", "touch \(mark); exec sleep 60"], log: "lock.log"))
        try await eventually("the lock is held") { Files.exists(mark) }
        agent.signal(SIGKILL)
        _ = await agent.exit()
        #expect(
            await outcome.ending == .exited(isExact ? 76 : 1), "\(scratch.read("lock.log"))")
    }
}
