import ConsulModel
import HTTPTransport
import Platform
import TestKit
import Testing
import Wire

/// The metrics of a running agent, seen by other programs.
@Suite struct MetricsTests {
    @Test(.timeLimit(.minutes(2))) func allFormsCountARequest() async throws {
        let agent = try await AgentProcess.start([
            "telemetry.json": #"{"telemetry": {"prometheus_retention_time": "1h"}}"#,
            "watch.json":
                #"{"watches": [{"id": "w", "type": "key", "key": "a", "args": ["true"]}]}"#,
        ])
        for _ in 0..<3 { try await agent.put("/v1/kv/a", "x") }
        // `onAnswer` runs before the answer is sent: all three are counted.
        let native = try await text(agent, "/metrics")
        #expect(native.contains("\nconsul_http_put_v1_kv_count 3\n"))
        #expect(native.contains("\nconsul_fsm_kvs_count{op=\"set\"} 3\n"))
        #expect(native.contains("\nprocess_open_fds "))
        #expect(native.contains("\nconsul_raft_state_follower_total 1\n"))
        #expect(native.contains("\nconsul_raft_transition_heartbeat_timeout_total 1\n"))
        #expect(native.contains("\nconsul_leader_barrier_count 1\n"))
        let page = try await text(agent, "/v1/agent/metrics?format=prometheus")
        #expect(page.contains("\nconsul_http_PUT_v1_kv___count 3\n"))
        try await eventually("the watch has fired") {
            try await text(agent, "/metrics").contains(
                "\nconsul_watch_duration_count{watch=\"w\",type=\"key\"}")
        }
        let summary = try JSONReader.decode(
            JSONValue.self, from: try await agent.get("/v1/agent/metrics").body)
        guard case .object(let parts) = summary else { throw NeverHappened(description: "object") }
        #expect(parts.keys.sorted() == ["Counters", "Gauges", "Points", "Samples", "Timestamp"])
        await agent.stop()
    }

    /// Calls of the catalog by their outcome, and a server's counts.
    @Test(.timeLimit(.minutes(2))) func callsAreCountedByTheirOutcome() async throws {
        let agent = try await AgentProcess.start()
        try await eventually("it leads and is healthy") {
            try await text(agent, "/metrics").contains("consul_autopilot_healthy 1\n")
        }
        for path in ["nodes", "nodes", "nodes?dc=nowhere", "nodes?index=x", "service/"] {
            _ = try await agent.get("/v1/catalog/\(path)")
        }
        let before = try await text(agent, "/metrics")
        _ = try await agent.get("/v1/kv/a?consistent")
        _ = try await agent.get("/v1/kv/a")
        let page = try await text(agent, "/metrics")
        func count(_ page: String, _ name: String) -> Int {
            let line = page.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
        }
        for (name, expected) in [
            ("api_catalog_nodes", 4), ("api_success_catalog_nodes", 2),
            ("rpc_error_catalog_nodes", 1), ("api_catalog_service_nodes", 1),
            ("api_success_catalog_service_nodes", 0),
        ] {
            #expect(count(page, "consul_client_\(name)_total") == expected, "\(name)")
        }
        let queries = "consul_rpc_query_total"
        #expect(count(page, queries) == count(before, queries) + 2)
        #expect(count(page, "consul_rpc_consistent_read_count") == 1)
        #expect(count(page, "consul_autopilot_failure_tolerance") == 0)
        await agent.stop()
    }

    @Test(.timeLimit(.minutes(2))) func consulsPageNeedsARetention() async throws {
        let agent = try await AgentProcess.start()
        let answer = try await agent.get("/v1/agent/metrics?format=prometheus")
        #expect(answer.status == 415)
        #expect(try await agent.get("/metrics").status == 200)
        #expect(try await agent.get("/debug/pprof/heap").status == 401)
        let host = try JSONReader.decode(
            HostInfo.self, from: try await agent.get("/v1/agent/host").body)
        #expect(host.memory.total > 0 && host.disk.total > 0 && !host.cpu.isEmpty)
        #expect(host.errors.isEmpty)
        agent.signal(10)  // SIGUSR1
        #expect(try await agent.get("/v1/status/leader").status == 200)
        await agent.stop()
    }

    private func text(_ agent: AgentProcess, _ path: String) async throws -> String {
        String(decoding: try await agent.get(path).body, as: UTF8.self)
    }
}
