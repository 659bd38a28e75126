import ConsulClient
import Glibc
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing

/// Keys that live as long as another, over HTTP, by the client library and the command line.
@Suite struct LeaseTests {
    private func consul(_ agent: AgentProcess, _ words: String...) async -> (Int32, String) {
        var spec = ProcessSpec([AgentProcess.program] + words)
        spec.environment = .inherited(
            adding: ["CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock"])
        let run = await ProcessRun.run(spec)
        guard case .exited(let code) = run.ending else { return (-1, run.output) }
        return (code, run.output)
    }

    private func keys(_ agent: AgentProcess) async throws -> String {
        try await agent.get("/v1/kv/?keys").text
    }

    /// The log and the snapshot contain the dependencies between keys: a restart loses none.
    @Test(.timeLimit(.minutes(2))) func restartKeepsTheDependenciesOfKeys() async throws {
        let scratch = try Scratch()
        let agent = try await AgentProcess.start(in: scratch)
        #expect(try await agent.put("/v1/kv/long?ttl=1h", "x").text == "true")
        #expect(try await agent.put("/v1/kv/short?ttl=1s", "x").text == "true")
        for (key, lease) in [("a", "long"), ("b", "long"), ("c", "short"), ("d/e", "short")] {
            #expect(try await agent.put("/v1/kv/\(key)?lease=\(lease)", "x").text == "true")
        }
        agent.signal(SIGKILL)
        _ = await agent.exit()
        let next = try await AgentProcess.start(in: scratch)
        try await eventually("what hung on the short one is gone with it") {
            try await self.keys(next) == #"["a","b","long"]"#
        }
        #expect(try await next.get("/v1/kv/a").text.contains(#""Lease":"long""#))
        let archive = try await next.get("/v1/snapshot")
        #expect(try await next.call("DELETE", "/v1/kv/?recurse").text == "true")
        #expect(try await next.call("PUT", "/v1/snapshot", bytes: archive.body).status == 200)
        try await eventually("it leads again") { try await self.keys(next) == #"["a","b","long"]"# }
        #expect(try await next.call("DELETE", "/v1/kv/long").text == "true")
        #expect(try await next.get("/v1/kv/?keys").text == "[]")
        await next.stop()
    }

    @Test(.timeLimit(.minutes(2))) func impossibleLeasesAreRefusedWith400() async throws {
        let agent = try await AgentProcess.start()
        try await agent.put("/v1/kv/stays", "x")
        try await agent.put("/v1/kv/l?ttl=1h", "x")
        for (query, part) in [
            ("lease=none", "there is no such key"), ("lease=stays", "that key has no TTL"),
            ("lease=k", "it is that key itself"), ("lease=", "Invalid lease"),
            ("lease=l&ttl=10s", "Conflicting flags: lease=l&ttl=10s"),
        ] {
            let answer = try await agent.put("/v1/kv/k?\(query)", "x")
            #expect(answer.status == 400 && answer.text.contains(part), "\(query): \(answer.text)")
        }
        let txn = try await agent.put(
            "/v1/txn", #"[{"KV":{"Verb":"set","Key":"k","Lease":"none"}}]"#)
        #expect(txn.status == 409 && txn.text.contains("there is no such key"), "\(txn.text)")
        let both = try await agent.put(
            "/v1/txn", #"[{"KV":{"Verb":"set","Key":"k","Lease":"l","TTL":"1h"}}]"#)
        #expect(both.status == 409 && both.text.contains("not both"), "\(both.text)")
        let done = try await agent.put(
            "/v1/txn", #"[{"KV":{"Verb":"set","Key":"k","Value":"eA==","Lease":"l"}}]"#)
        #expect(done.status == 200 && done.text.contains(#""Lease":"l""#), "\(done.text)")
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func libraryAndCommandLineHaveLeases() async throws {
        let agent = try await AgentProcess.start()
        let client = try ConsulClient(address: "unix://\(agent.scratch.path)/http.sock")
        try await client.kv.put("lease", "x", lives: .limited(.hours(1)))
        #expect(try await client.kv.put("a", "1", lives: .with(key: "lease")))
        #expect(try await client.kv.get("a")?.lease == "lease")
        #expect(await consul(agent, "kv", "put", "-lease=/lease", "b", "2").0 == 0)
        let shown = await consul(agent, "kv", "get", "-detailed", "b")
        #expect(shown.1.contains("Lease            lease\n"), "\(shown.1)")
        let refused = await consul(agent, "kv", "put", "-lease=a", "c", "2")
        #expect(refused.0 == 1 && refused.1.contains("that key has a lease itself"), "\(refused.1)")
        #expect(try await client.kv.delete("lease"))
        #expect(try await client.kv.keys().isEmpty)
        await client.shutdown()
        await agent.stop()
    }
}
