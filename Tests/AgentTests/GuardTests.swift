import ConsulModel
import Glibc
import HTTPTransport
import NIOHTTP1
import Platform
import TestKit
import Testing

/// `http_config` in a running agent, and the number of its descriptors.
@Suite struct GuardTests {
    /// The API is on a unix socket here, which no network includes.
    @Test func guardsChangeWithAReload() async throws {
        let agent = try await AgentProcess.start()
        #expect(try await agent.put("/v1/kv/a", "1").status == 200)
        try agent.scratch.write(
            "config.d/50-guards.json",
            """
            {"http_config": {"response_headers": {"X-Extra": "one", "Content-Type": "odd"},
              "block_endpoints": ["/v1/agent/self"], "allow_write_http_from": ["127.0.0.0/8"]},
             "disable_http_unprintable_char_filter": true, "discovery_max_stale": "10s"}
            """)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        let blocked = try await agent.get("/v1/agent/self")
        #expect(blocked.status == 403)
        #expect(blocked.text == "Endpoint is blocked by agent configuration")
        #expect(blocked.headers["X-Extra"] == ["one"])
        let write = try await agent.put("/v1/kv/a", "2")
        #expect(write.status == 403 && write.text == "Access is restricted")
        let read = try await agent.get("/v1/kv/a?raw")
        #expect(read.text == "1" && read.headers["X-Extra"] == ["one"])
        #expect(read.headers["Content-Type"] == ["text/plain"])
        #expect(try await agent.get("/v1/kv/%0a").status == 404)
        let nodes = try await agent.get("/v1/catalog/nodes")
        #expect(nodes.headers["X-Consul-Effective-Consistency"] == ["stale"])
        let strict = try await agent.get("/v1/catalog/nodes?consistent")
        #expect(strict.headers["X-Consul-Effective-Consistency"] == ["consistent"])

        try agent.scratch.write("config.d/50-guards.json", "{}")
        agent.signal(SIGHUP)  // writing is forbidden from now on
        try await eventually("the guards are gone") {
            try await agent.get("/v1/agent/self").status == 200
        }
        let open = try await agent.put("/v1/kv/a", "2")
        #expect(open.status == 200 && open.headers["X-Extra"].isEmpty)
        #expect(try await agent.get("/v1/kv/%0a").status == 400)
        await agent.stop()
    }

    @Test func rootRedirectsToTheUIPathWhenTheUIIsOn() async throws {
        let agent = try await AgentProcess.start(["50-ui.json": #"{"ui_content_path": "/look"}"#])
        let off = try await agent.get("/")
        #expect(off.status == 200 && off.text == "Consul Agent")
        await agent.stop()
        let other = try await AgentProcess.start(["50-ui.json": #"{"ui": true}"#])
        // The client follows the redirect, and the path has no page yet.
        #expect(try await other.get("/").status == 404)
        await other.stop()
    }

    /// The agent raises its limit to the permitted maximum; its children get the original one.
    @Test func descriptorsAreRaisedForTheAgentAlone() async throws {
        let agent = try await AgentProcess.start(
            [
                "50-check.json": """
                {"check": {"id": "limit", "name": "limit", "interval": "10m",
                  "run_on_register": true, "args": ["sh", "-c", "ulimit -n"]}}
                """
            ], prefix: ["prlimit", "--nofile=300:1000"])
        try await eventually("the check has run") {
            try await agent.check("limit").status == "passing"
        }
        #expect(try await agent.check("limit").output.contains("300"))
        let limits = try Files.read("/proc/\(agent.pid)/limits", limit: 1 << 16)
        let line = String(decoding: limits, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("Max open files") }
        #expect(line?.split(separator: " ").dropFirst(3).first == "1000", "\(line ?? "")")
        await agent.stop()
    }
}
