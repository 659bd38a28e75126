import Glibc
import HTTPTransport
import LocalAgent
import Platform
import TestKit
import Testing

/// Handlers that misbehave.
@Suite struct HandlerTests {
    @Test func hangingHandlerIsKilledWithItsGroupAndDelaysNoOther() async throws {
        let agent = try await AgentProcess.start([
            "watches.json": """
            {"watches": [
              {"id": "stuck", "type": "key", "key": "a", "timeout": "2s",
               "args": ["sh", "-c", "sleep 1000 & echo $! >> $DIR/grandchild; sleep 1000"]},
              {"id": "deaf", "type": "key", "key": "a", "timeout": "2s",
               "kill_signal": "SIGTERM", "kill_timeout": "200ms",
               "args": ["sh", "-c",
                 "trap '' TERM; echo $$ >> $DIR/deaf; while :; do sleep 1; done"]},
              {"id": "well", "type": "key", "key": "a",
               "args": ["sh", "-c", "cat >> $DIR/well; echo $CONSUL_NODE >> $DIR/node"]}]}
            """
        ])
        let scratch = agent.scratch
        try await eventually("all three run") {
            scratch.lines("well").count == 1 && scratch.exists("grandchild")
                && scratch.exists("deaf")
        }
        try await agent.put("/v1/kv/a", "1")
        try await eventually("the well one goes on") { scratch.lines("well").count == 2 }
        #expect(scratch.lines("node").first == "here")
        for name in ["grandchild", "deaf"] {
            let pid = try #require(Int32(scratch.lines(name)[0]))
            try await eventually("\(name) is killed") { !Proc.isAlive(pid) }
        }
        for watch in ["stuck", "deaf"] {
            try await eventually("the time-out of \(watch) is reported") {
                try await agent.watch(watch).runs.contains {
                    $0.failure.hasPrefix("timed out after 2s")
                }
            }
        }
        // The earlier change is no longer pending.
        try await eventually("the stuck one runs again") { scratch.lines("grandchild").count >= 2 }
        await agent.stop()
    }

    @Test func handlerMayLeaveADaemonBehind() async throws {
        let agent = try await AgentProcess.start([
            "watches.json": """
            {"watches": [{"id": "forks", "type": "key", "key": "a", "args": ["sh", "-c",
              "sleep 1000 & echo $! >> $DIR/daemon; echo done"]}]}
            """
        ])
        let scratch = agent.scratch
        for value in 1...3 {
            try await eventually("run \(value)") { scratch.lines("daemon").count == value }
            try await eventually("its end is reported, though its pipe is held open") {
                let watch = try await agent.watch("forks")
                return watch.state == "waiting" && watch.runs.last?.code == 0
            }
            if value < 3 { try await agent.put("/v1/kv/a", "\(value)") }
        }
        let pids = scratch.lines("daemon").compactMap { Int32($0) }
        #expect(pids.allSatisfy { Proc.isAlive($0) })
        await agent.stop()
        for pid in pids { kill(pid, SIGKILL) }
    }

    @Test func floodingHandlerCostsNoMemory() async throws {
        let agent = try await AgentProcess.start([
            "watches.json": """
            {"watches": [{"id": "flood", "type": "key", "key": "a", "args": ["sh", "-c",
              "head -c 300000000 /dev/zero | tr '\\\\0' x; echo; echo the end"]}]}
            """
        ])
        var highest = 0
        try await eventually("the flood is over") {
            highest = max(highest, Proc.memory(agent.pid))
            return try await agent.watch("flood").runs.first?.code == 0
        }
        let output = try await agent.watch("flood").runs.first?.output ?? ""
        #expect(output.hasSuffix("the end\n"))
        #expect(output.utf8.count < 4096 + 64)
        #expect(highest < 128 << 20)
        await agent.stop()
    }

    @Test func missingHandlerIsAnErrorAtAStrictStart() async throws {
        let watches = """
            {"watches": [
              {"type": "key", "key": "a", "args": ["$DIR/nowhere.sh"]},
              {"type": "key", "key": "b", "args": ["no-such-program"]}]}
            """
        let agent = try AgentProcess.launch(["watches.json": watches], flags: ["-strict"])
        #expect(await agent.exit() == .exited(1))
        #expect(agent.log.contains("config.d/watches.json:2:"))
        #expect(agent.log.contains("nowhere.sh: no such file"))
        #expect(agent.log.contains("config.d/watches.json:3:"))
        #expect(agent.log.contains("no-such-program is not found in PATH"))
        #expect(!agent.scratch.exists("http.sock"))
    }

    @Test func missingHandlerIsAnErrorAtAReload() async throws {
        let good = """
            {"watches": [{"id": "w", "type": "key", "key": "a", "args": ["sh", "-c",
              "cat >> $DIR/out"]}]}
            """
        let agent = try await AgentProcess.start(["watches.json": good])
        try agent.scratch.write(
            "config.d/watches.json",
            #"{"watches": [{"id": "w", "type": "key", "key": "b", "args": ["/nowhere"]}]}"#)
        let answer = try await agent.put("/v1/agent/reload")
        #expect(answer.status == 500)
        #expect(answer.text.contains("config.d/watches.json:1:"))
        #expect(answer.text.contains("/nowhere: no such file"))
        try await eventually("the first firing") { agent.scratch.lines("out").count == 1 }
        try await agent.put("/v1/kv/a", "1")
        try await eventually("the old watch continues") { agent.scratch.lines("out").count == 2 }
        await agent.stop()
    }

    @Test func missingProgramIsAFailedRun() async throws {
        let scratch = try Scratch()
        try scratch.write("handler.sh", "#!/bin/sh\ncat >> $DIR/out\n")
        chmod("\(scratch.path)/handler.sh", 0o755)
        let agent = try await AgentProcess.start(
            [
                "watches.json": """
                {"watches": [{"id": "w", "type": "key", "key": "a",
                  "args": ["$DIR/handler.sh"]}]}
                """
            ], in: scratch)
        try await eventually("the first firing") { scratch.lines("out").count == 1 }
        scratch.remove("handler.sh")
        try await agent.put("/v1/kv/a", "1")
        try await eventually("the failure is reported") {
            try await agent.watch("w").failures == 1
        }
        try await eventually("the log says so") {
            agent.log.contains("Failed to run watch handler")
        }
        await agent.stop()
    }
}
