import ConsulModel
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing
import Wire

@testable import ConsulClient

/// Tests the client's requests and its reading of answers, against a scripted agent.
@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    private func with(
        _ change: (inout ConsulClient.Settings) -> Void = { _ in },
        _ body: (ScriptedAgent, ConsulClient) async throws -> Void
    ) async throws {
        let agent = try await ScriptedAgent()
        let client = try agent.client(change)
        do { try await body(agent, client) } catch { Issue.record(error) }
        await client.shutdown()
        await agent.stop()
    }

    @Test(arguments: [
        ("a/b c", "a/b%20c"), ("a/", "a/"), ("/a", "%2Fa"), ("a//b", "a%2F%2Fb"),
        ("a/../b", "a%2F..%2Fb"), ("..", "%2E%2E"), (".", "%2E"), ("a...b", "a...b"),
        ("..a", "..a"), ("é?&=", "%C3%A9%3F%26%3D"), ("", ""),
    ]) func pathsAreEscaped(_ text: String, _ escaped: String) {
        #expect(ConsulClient.escape(text) == escaped)
    }

    @Test func settingsGoWithEachRequest() async throws {
        try await with({
            ($0.token, $0.datacenter, $0.isStale) = ("secret", "dc2", true)
        }) { agent, client in
            agent.answer("GET /v1/kv/a", 404)
            let entry = try await client.kvGet("a")
            #expect(entry == nil)
            #expect(agent.lines == ["GET /v1/kv/a?dc=dc2&stale="])
            #expect(agent.asked.first?.token == "secret")
        }
    }

    @Test func tokenFileIsReadOnce() async throws {
        let folder = try TestFolder("token")
        let file = "\(folder.path)/token"
        try AtomicFile.write(file, Array(" abc\n".utf8), mode: 0o600)
        try await with({ $0.tokenFile = file }) { agent, client in
            agent.answer("GET /v1/kv/a", 404)
            _ = try await client.kvGet("a")
            #expect(agent.asked.first?.token == "abc")
        }
    }

    @Test(arguments: [
        ("ftp://x", "Unknown protocol scheme: ftp")
    ]) func wrongAddressesAreRefused(_ address: String, _ reason: String) {
        #expect(throws: ConsulClientError(reason)) { _ = try ConsulClient(address: address) }
    }

    @Test func keysAreReadAndWritten() async throws {
        try await with { agent, client in
            agent.answer("GET /v1/kv/a/b", 200, #"[{"Key":"a/b","Value":"dg==","Flags":3}]"#)
            agent.answer("PUT /v1/kv/a/b", 200, "true")
            agent.answer("PUT /v1/kv/a/b", 200, "false")
            agent.answer("DELETE /v1/kv/a/b", 200, "true")
            let entry = try #require(try await client.kvGet("a/b"))
            #expect(entry.value == Bytes(Array("v".utf8)) && entry.flags == 3)
            let isWritten = try await client.kvPut("a/b", Array("x y".utf8), [("cas", "7")])
            #expect(isWritten)
            let isWrittenAgain = try await client.kvPut("a/b", [])
            #expect(isWrittenAgain == false)
            let isDeleted = try await client.kvDelete("a/b")
            #expect(isDeleted)
            #expect(agent.asked[1].uri == "/v1/kv/a/b?cas=7" && agent.asked[1].body == "x y")
            await #expect(throws: ConsulClientError.self) { _ = try await client.kvPut("/a", []) }
            #expect(agent.asked.count == 4)
        }
    }

    @Test func errorsHaveTheAgentsText() async throws {
        try await with { agent, client in
            agent.answer("GET /v1/kv/a", 403, "Permission denied")
            agent.answer("GET /v1/kv/b", 200, "no JSON")
            await #expect(
                throws: ConsulClientError(
                    "Unexpected response code: 403 (Permission denied)", status: 403)
            ) { _ = try await client.kvGet("a") }
            await #expect(throws: ConsulClientError.self) { _ = try await client.kvGet("b") }
        }
    }

    /// A path that is not clean is redirected by 301: a read follows, a write does not.
    @Test func writesDoNotFollowRedirects() async throws {
        try await with { agent, client in
            let moved = HTTPResponse(status: 301, headers: ["Location": "/v1/kv/b"])
            agent.answer("PUT /v1/kv/a", moved)
            agent.answer("GET /v1/kv/a", moved)
            agent.answer("GET /v1/kv/b", 404)
            await #expect(throws: ConsulClientError.self) { _ = try await client.kvPut("a", []) }
            let entry = try await client.kvGet("a")
            #expect(entry == nil)
            #expect(agent.lines == ["PUT /v1/kv/a", "GET /v1/kv/a", "GET /v1/kv/b"])
        }
    }

    @Test func unreachableAgentIsNamed() async throws {
        let agent = try await ScriptedAgent()
        let client = try agent.client()
        await agent.stop()
        do throws(ConsulClientError) {
            _ = try await client.kvGet("a")
            Issue.record("answered")
        } catch {
            #expect(error.isUnreachable && error.status == nil)
            #expect(error.description.contains("%2Fhttp.sock/v1/kv/a"), "\(error)")
        }
        await client.shutdown()
    }

    @Test func sessionIsMadeRenewedAndEnded() async throws {
        try await with { agent, client in
            agent.answer("PUT /v1/session/create", 200, #"{"ID":"s1"}"#)
            agent.answer("PUT /v1/session/renew/s1", 200, #"[{"ID":"s1"}]"#)
            agent.answer("PUT /v1/session/renew/s1", 404, "Session id 's1' not found")
            agent.answer("PUT /v1/session/destroy/s1", 200, "true")
            var wanted = NewSession()
            wanted.name = "n"
            let keeper = try await SessionKeeper.create(wanted, ttl: .seconds(15), client: client)
            #expect(keeper.id == "s1")
            #expect(agent.asked[0].body == #"{"Name":"n","TTL":"15s","Behavior":"release"}"#)
            let renewed = try await client.sessionRenew("s1")
            #expect(renewed != nil)
            let renewedLate = try await client.sessionRenew("s1")
            #expect(renewedLate == nil)
            await keeper.destroy()
            #expect(agent.lines.last == "PUT /v1/session/destroy/s1")
        }
    }
}
