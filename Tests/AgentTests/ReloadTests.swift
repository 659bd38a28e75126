import ConsulModel
import Glibc
import HTTPTransport
import LocalAgent
import Platform
import Primitives
import Synchronization
import TestKit
import Testing

/// The permitted and the forbidden effects of reloads.
@Suite struct ReloadTests {
    /// A service that each reload changes, and others that stay.
    private static func fragments(turn: Int) -> [String: String] {
        [
            "10-stays.json": """
            {"services": [{"name": "web", "port": 80, "check":
               {"id": "beat", "name": "beat", "ttl": "1h"}}],
             "checks": [{"id": "script", "name": "script", "interval": "1s",
               "run_on_register": true, "args": ["true"]}],
             "watches": [
               {"id": "still", "type": "key", "key": "still",
                "args": ["sh", "-c", "cat >> $DIR/still"]},
               {"id": "loaded", "type": "keyprefix", "prefix": "load/", "args": ["true"]},
               {"id": "events", "type": "event", "args": ["sh", "-c", "cat >> $DIR/events"]}]}
            """,
            "20-turns.json": """
            {"services": [{"name": "turns", "tags": ["t\(turn % 2)"], "check":
               {"id": "turning", "name": "turning", "ttl": "1h"}}],
             "watches": [{"id": "turns", "type": "key", "key": "turns\(turn % 2)",
               "args": ["true"]}]}
            """,
        ]
    }

    @Test func reloadsUnderLoadChangeOnlyTheirDifference() async throws {
        let agent = try await AgentProcess.start(Self.fragments(turn: 0))
        let scratch = agent.scratch
        try await agent.put("/v1/agent/check/pass/beat")
        try await agent.put("/v1/agent/check/warn/turning")
        try await agent.put("/v1/event/fire/deploy", "v1")
        try await eventually("all is at rest") {
            for (check, status) in [
                ("script", "passing"), ("beat", "passing"), ("turning", "warning"),
            ] {
                guard try await agent.check(check).status == status else { return false }
            }
            return scratch.lines("still").count == 1 && scratch.read("events").contains("deploy")
        }
        // Creates every object that is made once before the counting begins.
        for turn in 1...10 { try await reload(agent, turn: turn) }
        let before = Usage(agent.pid)
        let writes = Mutex(0)
        let load = Task {
            while !Task.isCancelled {
                let number = writes.withLock { $0 }
                try await agent.put("/v1/kv/load/\(number % 100)", "\(number)")
                writes.withLock { $0 += 1 }
            }
        }
        let end = SystemClock.now() + Endurance.reloads
        var turn = 10
        while SystemClock.now() < end {
            turn += 1
            try await reload(agent, turn: turn)
            for check in ["beat", "script"] {
                #expect(try await agent.check(check).status == "passing")
            }
            #expect(try await agent.check("turning").status == "warning")
            let written = writes.withLock { $0 }
            try await eventually("the load continues") { writes.withLock { $0 } >= written + 20 }
        }
        load.cancel()
        _ = try? await load.value
        try await eventually("descriptors, children and threads are as before") {
            Usage(agent.pid).isAtMost(before)
        }
        #expect(Proc.memory(agent.pid) - before.memory < 32 << 20)
        #expect(scratch.lines("still").count == 1)
        #expect(scratch.read("events").split(separator: "deploy").count == 2)
        #expect(try await agent.watch("still").fires == 1)
        await agent.stop()
    }

    private func reload(_ agent: AgentProcess, turn: Int) async throws {
        for (name, text) in Self.fragments(turn: turn) {
            try agent.scratch.write("config.d/\(name)", text)
        }
        let answer = try await agent.put("/v1/agent/reload")
        #expect(answer.status == 200, "\(answer.text)")
    }

    struct Usage {
        let descriptors: Int
        let children: Int
        let threads: Int
        let memory: Int

        init(_ pid: Int32) {
            descriptors = Proc.descriptors(pid)
            children = Proc.children(of: pid).count
            threads = Proc.threads(pid)
            memory = Proc.memory(pid)
        }

        /// Some connections and pool threads come and go.
        func isAtMost(_ other: Usage) -> Bool {
            descriptors <= other.descriptors + 4 && children <= other.children
                && threads <= other.threads + 2
        }
    }

    @Test func stormOfSignalsIsHandled() async throws {
        let agent = try await AgentProcess.start(Self.fragments(turn: 0))
        for turn in 1...200 {
            if turn % 20 == 0 {
                for (name, text) in Self.fragments(turn: turn / 20) {
                    try agent.scratch.write("config.d/\(name)", text)
                }
            }
            agent.signal(SIGHUP)
        }
        try agent.scratch.write(
            "config.d/30-last.json", #"{"services": [{"name": "last"}]}"#)
        agent.signal(SIGHUP)
        try await eventually("the last state is applied") {
            try await agent.get("/v1/agent/services").text.contains(#""last""#)
        }
        #expect(await agent.stop() == .exited(1))
    }

    @Test func halfWrittenFragmentLeavesTheOldConfigurationRunning() async throws {
        let agent = try await AgentProcess.start(Self.fragments(turn: 0))
        try agent.scratch.write(
            "config.d/20-turns.json",
            """
            {"services": [
               {"name": "turns", "tags": ["t9"],
            """)
        try agent.scratch.write("config.d/40-new.yaml", "services:\n  - name: fresh\n")
        agent.signal(SIGHUP)
        try await eventually("the error names its position") {
            agent.log.contains("config.d/20-turns.json:2:")
                && agent.log.contains("the old configuration keeps running")
        }
        let services = try await agent.get("/v1/agent/services").text
        #expect(services.contains("t0"))
        #expect(!services.contains("fresh"))
        try agent.scratch.write("config.d/20-turns.json", Self.fragments(turn: 1)["20-turns.json"]!)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        let after = try await agent.get("/v1/agent/services").text
        #expect(after.contains("t1") && after.contains("fresh"))
        await agent.stop()
    }

    @Test func unreadableFolderLeavesTheOldConfigurationRunning() async throws {
        let agent = try await AgentProcess.start(Self.fragments(turn: 0))
        let scratch = agent.scratch
        symlink("\(scratch.path)/nowhere", "\(scratch.path)/config.d/50-dangling.json")
        let dangling = try await agent.put("/v1/agent/reload")
        #expect(dangling.status == 500)
        #expect(dangling.text.contains("config.d/50-dangling.json"))
        unlink("\(scratch.path)/config.d/50-dangling.json")
        #expect(try await agent.put("/v1/agent/reload").status == 200)

        rename("\(scratch.path)/config.d", "\(scratch.path)/away")
        let vanished = try await agent.put("/v1/agent/reload")
        #expect(vanished.status == 500)
        #expect(vanished.text.contains("config.d"))
        #expect(try await agent.get("/v1/agent/services").text.contains("web"))
        rename("\(scratch.path)/away", "\(scratch.path)/config.d")
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        await agent.stop()
    }

    @Test func registrationsOfTheAPISurviveAReloadUnlessConfigured() async throws {
        let agent = try await AgentProcess.start(Self.fragments(turn: 0))
        try await agent.put(
            "/v1/agent/service/register",
            #"{"Name":"mine","Port":7,"Check":{"CheckID":"mine-beat","TTL":"1h"}}"#)
        try await agent.put(
            "/v1/agent/check/register",
            #"{"ID":"hung","Name":"hung","ServiceID":"turns","TTL":"1h"}"#)
        try await agent.put("/v1/agent/service/register", #"{"Name":"both","Port":1}"#)
        for check in ["mine-beat", "hung"] {
            try await agent.put("/v1/agent/check/pass/\(check)")
            try await eventually("\(check) passes") {
                try await agent.check(check).status == "passing"
            }
        }
        try agent.scratch.write(
            "config.d/30-both.json", #"{"services": [{"name": "both", "port": 2}]}"#)
        // The service of the check changes with it.
        try await reload(agent, turn: 1)
        let services = try await agent.get("/v1/agent/services").text
        #expect(services.contains(#""Port":7"#))
        #expect(services.contains(#""Port":2"#) && !services.contains(#""Port":1,"#))
        #expect(try await agent.check("mine-beat").status == "passing")
        #expect(try await agent.check("hung").status == "passing")
        // The agent removes exactly the items that left the configuration.
        agent.scratch.remove("config.d/30-both.json")
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        let after = try await agent.get("/v1/agent/services").text
        #expect(!after.contains("both") && after.contains("mine"))
        await agent.stop()
    }

    @Test func changedEventWatchDoesNotRepeatHandledEvents() async throws {
        func fragment(_ file: String) -> String {
            """
            {"watches": [{"id": "deploy", "type": "event", "name": "deploy", "args": ["sh", "-c",
              "[ -z \\"$CONSUL_EVENT_ID\\" ] || echo $CONSUL_EVENT_PAYLOAD >> $DIR/\(file)"]}]}
            """
        }
        let agent = try await AgentProcess.start(["w.json": fragment("first")])
        let scratch = agent.scratch
        for number in 1...3 { try await agent.put("/v1/event/fire/deploy", "v\(number)") }
        try await eventually("three are delivered") { scratch.read("first").contains("v3") }
        try scratch.write("config.d/w.json", fragment("second"))
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        try await agent.put("/v1/event/fire/deploy", "v4")
        try await eventually("the fourth is reported") { scratch.read("second").contains("v4") }
        #expect(scratch.lines("second") == ["v4"])
        await agent.stop()
    }

    @Test func runningHandlerOfARemovedWatchFinishes() async throws {
        let agent = try await AgentProcess.start([
            "w.json": """
            {"watches": [{"id": "slow", "type": "key", "key": "a", "args": ["sh", "-c",
              "echo >> $DIR/begun; until [ -e $DIR/go ]; do sleep 0.05; done; echo > $DIR/ended"
            ]}]}
            """
        ])
        try await eventually("it runs") { agent.scratch.exists("begun") }
        try await agent.put("/v1/kv/a", "1")
        agent.scratch.remove("config.d/w.json")
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(try await agent.get("/v1/agent/watches").text == "[]")
        try agent.scratch.write("go", "")
        try await eventually("it ends") { agent.scratch.exists("ended") }
        #expect(agent.scratch.lines("begun").count == 0 && agent.scratch.read("begun") == "\n")
        await agent.stop()
    }
}
