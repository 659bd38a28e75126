import ConsulModel
import Glibc
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing
import Wire

/// Events that are kept until they are handled: `consul event -reliable`.
@Suite struct ReliableEventTests {
    /// A deploy script that reports its begin and its end, and waits between them while `hold`
    /// exists; it fails while `fail` exists.
    private static let watch = """
        {"watches": [{"type": "event", "name": "deploy", "id": "deploy", "args": ["sh", "-c",
          "cat > $DIR/stdin; [ -n \\"$CONSUL_EVENT_ID\\" ] || exit 0; \
        echo begin $CONSUL_EVENT_PAYLOAD >> $DIR/runs; \
        while [ -e $DIR/hold ]; do sleep 0.05; done; \
        [ ! -e $DIR/fail ] || exit 1; echo end $CONSUL_EVENT_PAYLOAD >> $DIR/runs"]}]}
        """

    private func consul(_ agent: AgentProcess, _ words: [String]) async -> (
        code: Int32, text: String
    ) {
        var spec = ProcessSpec([AgentProcess.program] + words)
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock"
        ])
        spec.timeout = .seconds(60)
        spec.outputLimit = 1 << 20
        let outcome = await ProcessRun.run(spec)
        guard case .exited(let code) = outcome.ending else { return (-1, outcome.output) }
        return (code, outcome.output)
    }

    private func fire(_ agent: AgentProcess, _ payload: String) async throws -> String {
        let run = await consul(agent, ["event", "-reliable", "-name=deploy", payload])
        #expect(run.code == 0, "\(run.text)")
        return String(run.text.dropFirst("Event ID: ".count).prefix { $0 != "\n" })
    }

    private func status(_ agent: AgentProcess, _ id: String) async throws -> EventStatus {
        try JSONReader.decode(
            EventStatus.self, from: try await agent.get("/v1/event/status/\(id)").body)
    }

    private func start(_ scratch: Scratch) async throws -> AgentProcess {
        try await AgentProcess.start(["50-watch.json": Self.watch], in: scratch)
    }

    @Test func deploymentFiredDuringADowntimeRunsAfterTheRestart() async throws {
        let scratch = try Scratch()
        var agent = try await start(scratch)
        #expect(try await agent.put("/v1/agent/watches/deploy?action=pause").status == 200)
        let first = try await fire(agent, "v1")
        #expect(try await status(agent, first).pending == 1)
        #expect(await consul(agent, ["event", "status", first]).code == 3)
        agent.signal(SIGKILL)
        _ = await agent.exit()
        #expect(scratch.read("runs").isEmpty)

        agent = try await start(scratch)
        let done = await consul(agent, ["event", "status", "-wait=30s", first])
        #expect(done.code == 0 && done.text.contains("deploy=done"), "\(done.text)")
        #expect(scratch.lines("runs") == ["begin v1", "end v1"])

        // Killed during the run: it runs again, from the beginning.
        try scratch.write("hold", "")
        let second = try await fire(agent, "v2")
        try await eventually("it runs") { scratch.lines("runs").last == "begin v2" }
        agent.signal(SIGKILL)
        _ = await agent.exit()
        agent = try await start(scratch)
        try await eventually("it runs again") { scratch.lines("runs").count == 4 }
        // A graceful stop of the agent has the same effect.
        await agent.stop()
        scratch.remove("hold")
        agent = try await start(scratch)
        #expect(await consul(agent, ["event", "status", "-wait=30s", second]).code == 0)
        #expect(scratch.lines("runs").suffix(2) == ["begin v2", "end v2"])
        let count = scratch.lines("runs").count

        // A handled event does not run again.
        await agent.stop()
        agent = try await start(scratch)
        let third = try await fire(agent, "v3")
        #expect(await consul(agent, ["event", "status", "-wait=30s", third]).code == 0)
        #expect(scratch.lines("runs").count == count + 2)
        await agent.stop()
    }

    /// A reload replaces the watch during its handler's run; the successor must not count the event
    /// as handled before that run is over.
    @Test func reloadDuringTheRunLosesNothing() async throws {
        let scratch = try Scratch()
        var agent = try await start(scratch)
        try scratch.write("hold", "")
        let id = try await fire(agent, "v1")
        try await eventually("it runs") { scratch.lines("runs") == ["begin v1"] }
        let changed = Self.watch.replacing(
            "\"id\": \"deploy\"", with: "\"id\": \"deploy\", \"timeout\": \"1h\"")
        try scratch.write("config.d/50-watch.json", changed)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        let second = try await fire(agent, "v2")
        try await eventually("the successor runs") { scratch.lines("runs").last == "begin v2" }
        #expect(try await status(agent, id).pending == 1)
        agent.signal(SIGKILL)
        _ = await agent.exit()
        scratch.remove("hold")
        agent = try await start(scratch)
        for id in [id, second] {
            #expect(await consul(agent, ["event", "status", "-wait=30s", id]).code == 0)
        }
        #expect(scratch.lines("runs").count { $0.hasPrefix("begin") } > 2)
        await agent.stop()
    }

    @Test func everyTargetNodeHasAState() async throws {
        let scratch = try Scratch()
        let agent = try await start(scratch)
        try await agent.put(
            "/v1/catalog/register",
            """
            {"Node": "away", "Address": "127.0.0.2",
             "Check": {"CheckID": "serfHealth", "Name": "Serf", "Status": "critical"}}
            """)
        try scratch.write("fail", "")
        let id = try await fire(agent, "v1")
        try await eventually("the failure is reported") { try await status(agent, id).failed == 1 }
        let state = try await status(agent, id)
        #expect(state.nodes.map { $0.node } == ["away", "here"])
        #expect(state.nodes.map { $0.state } == ["pending", "failed"])
        #expect(await consul(agent, ["event", "status", id]).code == 2)
        let own = await consul(
            agent, ["event", "-reliable", "-name=other", "-node=^here$", "-keep=1h"])
        let other = String(own.text.dropFirst("Event ID: ".count).prefix { $0 != "\n" })
        let seen = await consul(agent, ["event", "status", "-wait=30s", other])
        #expect(seen.code == 0 && seen.text.contains("seen"), "\(seen.text)")
        let none = await consul(agent, ["event", "-reliable", "-name=x", "-node=nobody"])
        #expect(none.code == 1 && none.text.contains("no node of the catalog matches"))
        #expect(await consul(agent, ["event", "-name=x", "-keep=1h"]).code == 1)
        #expect(try await agent.get("/v1/event/status/none").status == 404)
        let list = await consul(agent, ["event", "status", "-format=json"])
        let all = try JSONReader.decode([EventStatus].self, from: Array(list.text.utf8))
        #expect(all.map { $0.name } == ["deploy", "other"])
        await agent.stop()
    }

    @Test func largePayloadHasItsOwnKeyAndTheLogIsBounded() async throws {
        let scratch = try Scratch()
        let agent = try await start(scratch)
        let large = String(repeating: "x", count: 200_000)
        let fired = try await agent.put("/v1/event/fire/deploy?reliable", large)
        let event = try JSONReader.decode(UserEvent.self, from: fired.body)
        #expect(event.isReliable && event.payloadKey == "_event/payload/\(event.id)")
        try await eventually("it was handled") { try await status(agent, event.id).done == 1 }
        let given = try JSONReader.decode(
            [UserEvent].self, from: Array(scratch.read("stdin").utf8))
        #expect(given.map { $0.payload.text } == [large])
        let entry = try await agent.get("/v1/kv/_event/log/\(event.id)?raw")
        #expect(entry.body.count < 1000)
        #expect(try await agent.put("/v1/event/fire/x?reliable&keep=soon").status == 400)
        #expect(try await agent.put("/v1/event/fire/x?reliable&keep=9000h").status == 400)
        for number in 0..<256 {
            let answer = try await agent.put("/v1/event/fire/n\(number)?reliable")
            #expect(answer.status == 200)
        }
        let keys = try JSONReader.decode(
            [String].self, from: try await agent.get("/v1/kv/_event/log/?keys").body)
        #expect(keys.count == 256 && !keys.contains("_event/log/\(event.id)"))
        for key in ["payload/\(event.id)", "ack/\(event.id)/here"] {
            #expect(try await agent.get("/v1/kv/_event/\(key)").status == 404)
        }
        await agent.stop()
    }
}
