import LocalAgent
import TestKit
import Testing

@Suite struct FlappingTests {
    /// The key changes far more often than runs can follow: the handler sees the newest state, and
    /// each state at most once.
    @Test func flappingKeyEndsWithItsLastValueWithoutOverlappingRuns() async throws {
        let agent = try await AgentProcess.start([
            "watches.json": """
            {"watches": [{"id": "flaps", "type": "key", "key": "a", "args": ["sh", "-c",
              "cd $DIR; mkdir busy || echo overlap >> overlaps; cat >> seen; rmdir busy"]}]}
            """
        ])
        let scratch = agent.scratch
        try await eventually("the first firing") { scratch.lines("seen").count == 1 }
        let (before, descriptors) = (Proc.memory(agent.pid), Proc.descriptors(agent.pid))
        let flaps = 4000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<4 {
                group.addTask {
                    for turn in 0..<(flaps / 4) {
                        try await agent.put("/v1/kv/a", "\(part) \(turn % 2)")
                    }
                }
            }
            try await group.waitForAll()
        }
        try await agent.put("/v1/kv/a", "last")
        let last = #""Value":"bGFzdA==""#
        try await eventually("the last value comes") {
            scratch.lines("seen").last?.contains(last) == true
        }
        try await eventually("it rests") { try await agent.watch("flaps").state == "waiting" }
        #expect(!scratch.exists("overlaps"))
        let runs = scratch.lines("seen").count
        #expect(runs < flaps)
        #expect(scratch.lines("seen").last?.contains(last) == true)
        #expect(try await agent.watch("flaps").fires == UInt64(runs))
        #expect(Proc.memory(agent.pid) - before < 48 << 20)
        #expect(Proc.descriptors(agent.pid) <= descriptors + 8)
        #expect(Proc.children(of: agent.pid).isEmpty)
        await agent.stop()
    }
}
