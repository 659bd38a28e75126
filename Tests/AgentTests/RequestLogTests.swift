import HTTPTransport
import NIOHTTP1
import TestKit
import Testing

/// The log's lines about requests.
@Suite struct RequestLogTests {
    /// A failed request is an error; a client's disconnection is none.
    @Test(.timeLimit(.minutes(2))) func disconnectedClientIsNoError() async throws {
        let agent = try await AgentProcess.start()
        let index = try await agent.get("/v1/kv/a").headers["X-Consul-Index"].first ?? "1"
        let before = try await waiting(agent)
        let parked = Task { try await agent.get("/v1/kv/a?index=\(index)&wait=60s") }
        try await eventually("the query waits") { try await waiting(agent) == before + 1 }
        parked.cancel()
        _ = await parked.result
        try await eventually("the query is cancelled") { try await waiting(agent) == before }
        #expect(try await agent.get("/v1/catalog/nodes?dc=nowhere").status == 500)
        try await eventually("the failed request is reported") { agent.log.contains("dc=nowhere") }
        let errors = agent.scratch.lines("log").filter { $0.contains("Request error") }
        #expect(errors.count == 1 && errors.allSatisfy { $0.contains("dc=nowhere") })
        await agent.stop()
    }

    /// Returns the number of waiting blocking queries.
    private func waiting(_ agent: AgentProcess) async throws -> Int {
        let name = "consul_rpc_queries_blocking "
        let lines = try await agent.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count)) } ?? 0
    }
}
