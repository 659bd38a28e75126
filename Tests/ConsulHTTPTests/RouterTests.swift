import ConsulModel
import HTTPTransport
import LocalAgent
import PluginKit
import TestKit
import Testing
import Wire

@testable import ConsulHTTP

/// Sends requests through the routes, without a socket.
@Suite(.timeLimit(.minutes(1))) struct RouterTests {
    private func entry(_ key: String, _ value: String) -> KVEntry {
        var entry = KVEntry()
        entry.key = key
        entry.value = Bytes(Array(value.utf8))
        return entry
    }

    @Test func readOfAKeyIsAnswered() async throws {
        let router = try await Router()
        router.backend.answer(.kvsGet, IndexedDirEntries([entry("a/b", "v")], QueryMeta(index: 7)))
        let answer = try await router.ask("GET", "/v1/kv/a%2Fb?raw")
        #expect(answer.status == 200 && answer.body == "v")
        #expect(answer.headers["x-consul-index"] == "7")
        #expect(router.backend.request(KeyRequest.self)?.key == "a/b")
    }

    @Test func missingKeyIsNotFound() async throws {
        let router = try await Router()
        router.backend.answer(.kvsGet, IndexedDirEntries([], QueryMeta(index: 3)))
        let answer = try await router.ask("GET", "/v1/kv/none")
        #expect(answer.status == 404 && answer.body.isEmpty)
        #expect(answer.headers["x-consul-index"] == "3")
    }

    @Test func writeCarriesItsParameters() async throws {
        let router = try await Router()
        router.backend.answer(.kvsApply, true)
        let answer = try await router.ask("PUT", "/v1/kv/k?flags=42&token=secret", "body")
        #expect(answer.status == 200 && answer.body == "true")
        let request = try #require(router.backend.request(KVSRequest.self))
        #expect(request.entry.key == "k" && request.entry.flags == 42)
        #expect(request.entry.value == Bytes(Array("body".utf8)))
        #expect(request.token == "secret")
    }

    @Test(arguments: [
        (ConsulError(.badRequest, "bad"), 400), (ConsulError(.permissionDenied, "no"), 403),
        (ConsulError(.notFound, "none"), 404), (ConsulError(.noLeader, "No cluster leader"), 500),
    ]) func errorsHaveTheirStatus(_ error: ConsulError, _ status: Int) async throws {
        let router = try await Router()
        router.backend.fail(.kvsApply, error)
        let answer = try await router.ask("PUT", "/v1/kv/k", "x")
        #expect(answer.status == status && answer.body == error.message)
    }

    @Test func methodsAreCheckedByTheRoute() async throws {
        let router = try await Router()
        let wrong = try await router.ask("POST", "/v1/agent/members")
        #expect(wrong.status == 405 && wrong.body == "method POST not allowed")
        #expect(wrong.headers["allow"] == "OPTIONS,GET")
        let options = try await router.ask("OPTIONS", "/v1/agent/watches/x")
        #expect(options.status == 200 && options.headers["allow"] == "OPTIONS,GET,PUT,DELETE")
        #expect(router.backend.calls.isEmpty)
    }

    @Test func otherPathsAreMovedUnknownOrBroken() async throws {
        let router = try await Router()
        let moved = try await router.ask("GET", "/v1/kv?x=1")
        #expect(moved.status == 301 && moved.headers["location"] == "/v1/kv/?x=1")
        #expect(try await router.ask("GET", "/v1/nope").status == 404)
        #expect(try await router.ask("GET", "/v1/kv/%zz").status == 400)
        #expect(try await router.ask("GET", "/").body == "Consul Agent")
    }

    @Test func faultOfTheQueryEndsTheRequest() async throws {
        let router = try await Router()
        let answer = try await router.ask("GET", "/v1/health/service/web?index=x")
        #expect(answer.status == 400)
        #expect(router.backend.calls.isEmpty)
    }

    @Test func parkedReadIsAnsweredLater() async throws {
        let router = try await Router()
        router.backend.park(.kvsGet)
        try await router.send("GET", "/v1/kv/k?index=5")
        try await eventually("the read is parked") { router.backend.calls == ["KVS.Get"] }
        #expect(try await router.received().isEmpty)
        router.backend.reply(.kvsGet, IndexedDirEntries([entry("k", "v")], QueryMeta(index: 6)))
        var text = ""
        try await eventually("it is answered") {
            text += try await router.received()
            return text.contains("X-Consul-Index: 6\r\n")
        }
    }

    @Test func clientThatGoesCancelsItsRead() async throws {
        let router = try await Router()
        router.backend.park(.kvsGet)
        try await router.send("GET", "/v1/kv/k?index=5")
        try await eventually("the read is parked") { router.backend.calls == ["KVS.Get"] }
        await router.close()
        try await eventually("it is cancelled") { router.backend.cancelled == ["KVS.Get"] }
    }

    @Test func agentsOwnCallsRunInATask() async throws {
        let router = try await Router()
        #expect(try await router.ask("PUT", "/v1/agent/join/10.0.0.1?wan=1").status == 200)
        #expect(try await router.ask("PUT", "/v1/agent/force-leave/n2?prune").status == 200)
        let failed = try await router.ask("PUT", "/v1/agent/reload")
        #expect(failed.status == 500 && failed.body == "the old configuration keeps running")
        #expect(
            router.cluster.asked.values == [
                "join 10.0.0.1 wan=true", "force-leave n2 prune=true", "reload",
            ])
    }

    @Test func blockedPathIsRefusedWithItsParameter() async throws {
        var settings = AgentContext.Settings()
        settings.blockedPrefixes = ["/v1/things/7/run"]
        let route = Route(
            "/v1/things/:id/run",
            ("GET", .open, .direct { $0.responder.respond(.text(200, $0.subject)) }))
        let router = try await Router(settings, routes: [route])
        #expect(try await router.ask("GET", "/v1/things/7/run").status == 403)
        let other = try await router.ask("GET", "/v1/things/8%2F9/run")
        #expect(other.status == 200 && other.body == "8/9")
        #expect(try await router.ask("GET", "/v1/things/8").status == 404)
    }

    /// A prefix from a configuration, as the user interface's.
    @Test func tableTakesFurtherPrefixes() async throws {
        let route = Route(
            "/my/ui/", ("GET", .open, .direct { $0.responder.respond(.text(200, $0.subject)) }))
        let router = try await Router(routes: [route])
        #expect(try await router.ask("GET", "/my/ui/dc1/nodes").body == "dc1/nodes")
        #expect(try await router.ask("GET", "/my/ui").headers["location"] == "/my/ui/")
    }
}
