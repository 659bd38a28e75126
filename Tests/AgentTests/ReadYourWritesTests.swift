import ConsulModel
import HTTPTransport
import TestKit
import Testing
import Wire

/// The catalog contains every change that the agent's API acknowledged.
@Suite(.timeLimit(.minutes(2))) struct ReadYourWritesTests {
    @Test func everyAcknowledgedChangeIsInTheCatalog() async throws {
        let agent = try await AgentProcess.start(["log.json": #"{"log_level": "warn"}"#])
        func catalog(_ path: String) async throws -> String { try await agent.get(path).text }
        for turn in 0..<40 {
            let check = #"{"CheckID": "c\#(turn)", "TTL": "30s"}"#
            let body = #"{"ID": "w", "Name": "web", "Tags": ["t\#(turn)"], "Check": \#(check)}"#
            #expect(try await agent.put("/v1/agent/service/register", body).status == 200)
            #expect(try await catalog("/v1/catalog/service/web").contains("t\(turn)"))
            try await agent.put("/v1/agent/check/pass/c\(turn)")
            #expect(try await catalog("/v1/health/service/web?passing").contains("c\(turn)"))
            let session = #"{"Checks": ["serfHealth", "c\#(turn)"]}"#
            #expect(try await agent.put("/v1/session/create", session).status == 200)
            try await agent.put(
                "/v1/agent/check/update/c\(turn)", #"{"Status": "critical", "Output": "o"}"#)
            #expect(try await catalog("/v1/health/service/web?passing") == "[]")
            try await agent.put("/v1/agent/service/maintenance/w?enable=true")
            #expect(try await catalog("/v1/health/checks/web").contains("_service_maintenance"))
            try await agent.put("/v1/agent/service/maintenance/w?enable=false")
            #expect(try await !catalog("/v1/health/checks/web").contains("_service_maintenance"))
            try await agent.put("/v1/agent/service/deregister/w")
            #expect(try await catalog("/v1/catalog/service/web") == "[]")
            try await agent.put("/v1/agent/check/register", #"{"Name": "own", "TTL": "9s"}"#)
            #expect(try await catalog("/v1/health/node/here").contains(#""own""#))
            try await agent.put("/v1/agent/check/deregister/own")
            #expect(try await !catalog("/v1/health/node/here").contains(#""own""#))
        }
        await agent.stop()
    }
}
