import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import NIOHTTP1
import Platform
import Primitives
import TestKit
import Testing

/// A client of the HTTP API may neither write files, run programs, read secrets, nor be a page of a
/// browser that made its own name resolve to this machine.
@Suite(.timeLimit(.minutes(2))) struct ClientRightsTests {
    private static let watch = #"{"id": "w", "type": "key", "key": "a", "handler_type": "http","#
        + #" "http_handler_config": {"path": "http://127.0.0.1:1/"},"#
        + #" "retry": {"max": 0, "dead_letter": "$FILE"}}"#

    private static func watch(to file: String) -> String {
        watch.split(separator: "$FILE", omittingEmptySubsequences: false).joined(separator: file)
    }

    @Test func noFileIsWrittenForAClient() async throws {
        let agent = try await AgentProcess.start()
        let victim = "\(agent.scratch.path)/victim"
        for file in [victim, "lost"] {
            let answer = try await agent.put("/v1/agent/watches", Self.watch(to: file))
            #expect(answer.status == 403 && answer.text.contains("enable_script_checks"))
        }
        // The same rule holds for a check of a plugin's program.
        let check = try await agent.put(
            "/v1/agent/check/register",
            #"{"Name": "c", "Interval": "1s", "Type": "disk-space", "Config": {"path": "/"}}"#)
        #expect(check.status != 200)
        #expect(try await agent.get("/v1/agent/watches").text == "[]")
        await agent.stop()
    }

    @Test func deadLettersAreStoredBelowTheDataDirectory() async throws {
        let agent = try await AgentProcess.start(
            ["50.json": #"{"enable_script_checks": true}"#])
        let victim = "\(agent.scratch.path)/victim"
        let outside = try await agent.put("/v1/agent/watches", Self.watch(to: victim))
        #expect(outside.status == 400 && outside.text.contains("dead-letters"))
        #expect(try await agent.put("/v1/agent/watches", Self.watch(to: "lost")).status == 200)
        try await agent.put("/v1/kv/a", "1")
        try await eventually("the letter is written") {
            agent.scratch.read("data/dead-letters/lost").contains(#""Watch":"w""#)
        }
        #expect(!agent.scratch.exists("victim"))
        await agent.stop()
        // Without the right at the next start the watch does not run either.
        let again = try await AgentProcess.start(["50.json": "{}"], in: agent.scratch)
        #expect(try await again.get("/v1/agent/watches").text == "[]")
        #expect(again.log.contains("cannot restore a watch"))
        await again.stop()
    }

    /// Passwords and tokens reach neither the API, the catalog nor the log.
    @Test func secretsAreMasked() async throws {
        let agent = try await AgentProcess.start([
            "50.json": """
            {"check_update_interval": "0s",
             "watches": [{"type": "key", "key": "a", "token": "SECRET1", "handler_type": "http",
               "http_handler_config": {"path": "http://u:SECRET2@127.0.0.1:1/?token=SECRET3",
                 "header": {"Authorization": ["SECRET4"]}}}],
             "checks": [{"id": "h", "name": "h", "interval": "1s", "run_on_register": true,
               "http": "http://u:SECRET5@127.0.0.1:1/", "header": {"X": ["SECRET6"]}}]}
            """
        ])
        try await agent.put("/v1/kv/a", "1")
        #expect(try await agent.get("/v1/kv/a?dc=bad&t%6fken=SECRET7").status == 500)
        #expect(try await agent.get("/v1/acl/info/SECRET8").status != 200)
        let check = #"{"Name": "t", "TCP": "u:SECRET9@h", "Interval": "1s"}"#
        // Accepted, and held critical with a reason that quotes the address.
        #expect(try await agent.put("/v1/agent/check/register", check).status == 200)
        #expect(try await agent.check("t").output.contains("u:***@h"))
        try await eventually("both have failed") {
            let check = try await agent.check("h").output
            let watch = try await agent.watch("key:a")
            return check.contains("u:***@") && watch.failures > 0
        }
        for path in ["agent/watches", "agent/watches/key:a", "agent/checks", "agent/self"] {
            let text = try await agent.get("/v1/\(path)").text
            #expect(!text.contains("SECRET"), "\(path): \(text)")
        }
        try await eventually("the catalog has the output") {
            try await agent.get("/v1/health/state/critical").text.contains("u:***@")
        }
        #expect(try await agent.get("/v1/agent/watches").text.contains(#""Token":"hidden""#))
        await agent.stop()
        #expect(!agent.log.contains("SECRET"))
        #expect(agent.log.contains("t%6fken=<hidden>"))
    }

    @Test func onlyOwnNamesAreServedOnLoopback() async throws {
        let port = try FreePorts.take()
        let fragment = #"{"addresses": {"http": "127.0.0.1"}, "ports": {"http": \#(port)}"#
        let agent = try await AgentProcess.start([
            "50.json": fragment + "}",
            "60.json": #"{"addresses": {"http": "127.0.0.1 unix://$DIR/http.sock"}}"#,
        ])
        func status(_ host: String, unix: Bool = false) async throws -> Int {
            var call = HTTPCall(
                url: "http://127.0.0.1:\(port)/v1/status/leader", timeout: .seconds(30))
            call.headers = ["Host": host]
            if unix { call.unixSocket = "\(agent.scratch.path)/http.sock" }
            return try await AgentProcess.http.execute(call).status
        }
        for own in [
            "127.0.0.1:\(port)", "localhost", "LOCALHOST:8500", "[::1]:8500", "127.0.0.9", "here",
            "a.localhost:1", "here.node.consul", "10.0.0.1", "consul.", "",
        ] {
            #expect(try await status(own) == 200, "\(own)")
        }
        for foreign in [
            "evil.example", "evil.example:8500", "127.0.0.1.evil.example", "localhost.evil.example",
            "evil.example.", "[::1].evil.example", "[::1]evil.example", "here:80.evil.example",
            "127.0.0.1@evil.example", "notconsul.example", "evil.consul.example",
        ] {
            #expect(try await status(foreign) == 403, "\(foreign)")
            #expect(try await status(foreign, unix: true) == 200, "\(foreign)")
        }
        try agent.scratch.write(
            "config.d/70.json",
            #"{"http_config": {"allowed_hosts": ["Ci.example", "*.b.example"]}}"#)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(try await status("ci.example:80") == 200)
        #expect(try await status("a.b.example") == 200)
        #expect(try await status("b.example") == 403)
        #expect(try await status("evil.example") == 403)
        try agent.scratch.write("config.d/70.json", #"{"http_config": {"allowed_hosts": ["*"]}}"#)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(try await status("evil.example") == 200)
        await agent.stop()
    }
}
