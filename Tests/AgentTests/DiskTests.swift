import ConsulModel
import Glibc
import HTTPTransport
import Platform
import TestKit
import Testing

/// The content of the data directory, and its loss.
@Suite struct DiskTests {
    private static let fragments = [
        "ttl.json": """
        {"services": [{"name": "web", "port": 80, "check": {"id": "beat", "ttl": "1h"}}]}
        """
    ]

    @Test func registrationsAndHeartbeatsSurviveARestart() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(Self.fragments, in: scratch)
        try await first.put(
            "/v1/agent/service/register",
            #"{"Name":"mine","Port":7,"Checks":[{"CheckID":"m1","TTL":"1h"},{"TTL":"1h"}]}"#)
        try await first.put(
            "/v1/agent/check/register", #"{"ID":"alone","Name":"alone","TTL":"1h"}"#)
        try await first.put("/v1/agent/service/register", #"{"Name":"gone"}"#)
        try await first.put("/v1/agent/service/deregister/gone")
        for (check, verb) in [("beat", "pass"), ("m1", "warn"), ("alone", "pass")] {
            try await first.put("/v1/agent/check/\(verb)/\(check)?note=well")
        }
        try await eventually("the last one is taken") {
            try await first.check("alone").status == "passing"
        }
        let id = try await first.get("/v1/agent/self").text
        await first.stop()

        let second = try await AgentProcess.start(Self.fragments, in: scratch)
        #expect(try await second.check("beat").status == "passing")
        #expect(try await second.check("beat").output == "well")
        #expect(try await second.check("m1").status == "warning")
        #expect(try await second.check("alone").status == "passing")
        #expect(try await second.check("service:mine:2").status == "critical")
        let services = try await second.get("/v1/agent/services").text
        #expect(services.contains(#""Port":7"#) && !services.contains("gone"))
        let nodeID = id.split(separator: #""NodeID":""#).last?.prefix(36) ?? "none"
        #expect(try await second.get("/v1/agent/self").text.contains(nodeID))
        await second.stop()

        // The configuration wins over the persisted registration.
        try scratch.write("config.d/mine.json", #"{"services": [{"name": "mine", "port": 8}]}"#)
        let third = try await AgentProcess.start(in: scratch)
        let after = try await third.get("/v1/agent/services").text
        #expect(after.contains(#""Port":8"#) && !after.contains(#""Port":7"#))
        await third.stop()
    }

    @Test func brokenFileDoesNotPreventOtherRestores() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(in: scratch)
        try await first.put("/v1/agent/service/register", #"{"Name":"mine","Port":7}"#)
        await first.stop()
        try scratch.write("data/services/0123456789abcdef0123456789abcdef", #"{"Service":{"Na"#)
        try scratch.write("data/checks/0123456789abcdef0123456789abcdef", "")
        let second = try await AgentProcess.start(in: scratch)
        #expect(try await second.get("/v1/agent/services").text.contains(#""mine""#))
        #expect(second.log.contains("data/services/0123456789abcdef0123456789abcdef"))
        await second.stop()
    }

    /// Returns false, which skips the test with a message, where a process may have no file system
    /// of its own.
    private static func mayMount() async -> Bool {
        let mount = ProcessSpec(["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
        return await ProcessRun.run(mount).ending == .exited(0)
    }

    @Test(.enabled("unshare(1) may mount", mayMount))
    func fullDiskRefusesOnlyWritesThatItCannotStore() async throws {
        let scratch = try Scratch()
        let first = try await AgentProcess.start(Self.fragments, in: scratch)
        try await first.put("/v1/agent/service/register", #"{"Name":"kept","Port":7}"#)
        await first.stop()
        // A small file system of its own with the same contents, filled at the test's request; it
        // disappears with the agent.
        let fill = """
            cp -r "$0/data" "$0/copy" && mount -t tmpfs -o size=2m none "$0/data" \
            && cp -r "$0/copy/." "$0/data/" || exit 9
            ( while [ ! -e "$0/fill" ]; do sleep 0.02; done
              cat /dev/zero > "$0/data/ballast" 2>/dev/null; touch "$0/filled"
              while [ ! -e "$0/free" ] && kill -0 $$ 2>/dev/null; do sleep 0.02; done
              rm -f "$0/data/ballast" ) &
            shift 0; exec "$@"
            """
        let prefix = ["unshare", "-rm", "sh", "-c", fill, scratch.path]
        let agent = try await AgentProcess.start(Self.fragments, in: scratch, prefix: prefix)
        #expect(try await agent.put("/v1/kv/before", "1").text.hasPrefix("true"))
        try scratch.write("fill", "")
        try await eventually("the disk is full") { scratch.exists("filled") }
        #expect(try await agent.get("/v1/agent/services").text.contains(#""kept""#))
        let refused = try await agent.put(
            "/v1/agent/service/register", #"{"Name":"new","Port":8}"#)
        #expect(refused.status == 500)
        #expect(refused.text.contains("no space left"))
        #expect(!(try await agent.get("/v1/agent/services").text.contains(#""new""#)))
        // Requests that need no disk still succeed.
        #expect(try await agent.put("/v1/agent/check/pass/beat").status == 200)
        try await eventually("the heartbeat counts") {
            try await agent.check("beat").status == "passing"
        }
        try await eventually("the log says so") {
            agent.log.contains("cannot persist the state of a check")
        }
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(try await agent.check("beat").status == "passing")
        // A write that cannot be stored is refused sooner or later: the log may have room left.
        let value = String(repeating: "v", count: 200_000)
        try await eventually("a write is refused") {
            let answer = try await agent.put("/v1/kv/after", value)
            return answer.status == 500 && answer.text.contains("disk is full")
        }
        #expect(try await agent.get("/v1/kv/before?raw&stale").text == "1")
        // With room again the server continues without a restart.
        try scratch.write("free", "")
        try await eventually("a write is stored") {
            try await agent.put("/v1/kv/after", "1").status == 200
        }
        #expect(try await agent.get("/v1/kv/before?raw").text == "1")
        #expect(await agent.stop() == .exited(1))
    }

    @Test func missingDataDirectoryStopsNothing() async throws {
        let agent = try await AgentProcess.start(Self.fragments)
        agent.scratch.remove("data")
        try agent.scratch.write("data", "in the way")
        let refused = try await agent.put("/v1/agent/service/register", #"{"Name":"new"}"#)
        #expect(refused.status == 500)
        #expect(try await agent.put("/v1/agent/check/pass/beat").status == 200)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        try await eventually("the heartbeat counts") {
            try await agent.check("beat").status == "passing"
        }
        await agent.stop()
    }
}
