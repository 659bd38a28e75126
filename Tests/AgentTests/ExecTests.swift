import Glibc
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing
import Wire

/// `consul exec` on a running agent, with this project's program on both sides.
@Suite struct ExecTests {
    private struct Run: Sendable {
        var code: Int32 = -1
        var output = ""
    }

    /// Runs `consul exec`.
    /// - Parameter words: after `consul exec`.
    private func exec(
        _ agent: AgentProcess, _ words: [String], input: String = ""
    ) async -> Run {
        var spec = ProcessSpec([AgentProcess.program, "exec"] + words)
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock"
        ])
        spec.standardInput = Array(input.utf8)
        spec.outputLimit = 1 << 20
        spec.timeout = .seconds(60)
        let outcome = await ProcessRun.run(spec)
        var run = Run(output: outcome.output)
        if case .exited(let code) = outcome.ending { run.code = code }
        return run
    }

    /// The one node is named, so that the run is over when it has reported its end, however long
    /// that takes.
    private static let here = ["-limit=1", "-wait=30s"]
    private static let enabled = #"{"disable_remote_exec": false}"#

    @Test func jobRunsAndItsKeysAreDeleted() async throws {
        let agent = try await AgentProcess.start(["50-exec.json": Self.enabled])
        let run = await exec(agent, Self.here + ["echo one; echo two >&2; exit 3"])
        #expect(run.code == 2)
        #expect(
            run.output == """
                    here: one
                    here: two
                    here:
                ==> here: finished with exit code 3
                1 / 1 node(s) completed / acknowledged

                """)
        let script = await exec(agent, Self.here + ["-"], input: "basename $0 | cut -c1-5; exit 4")
        #expect(script.output.hasPrefix("    here: rexec\n"), "\(script.output)")
        #expect(script.output.contains("finished with exit code 4"))
        // Without the node's shell: some shells report 137 for a child that was killed.
        let killed = await exec(
            agent, Self.here + ["-shell=false", "/bin/sh", "-c", "kill -9 $$"])
        #expect(killed.output.contains("here: finished with exit code -1\n"), "\(killed.output)")
        let none = await exec(agent, Self.here + ["-shell=false", "/none"])
        #expect(none.output.hasPrefix("==> here: finished with exit code 255\n"))
        for path in ["/v1/kv/_rexec?keys", "/v1/session/list", "/v1/event/list"] {
            let answer = try await agent.get(path)
            #expect(answer.status == 404 || answer.text.hasPrefix("[]"), "\(path): \(answer.text)")
        }
        for line in ["remote exec begins", "remote exec ended"] {
            try await eventually(line) { agent.log.contains(line) }
        }
        await agent.stop()
    }

    /// The test acts as another node, which reports a run of its own.
    @Test func outputOfAllNodesIsPrinted() async throws {
        let agent = try await AgentProcess.start(["50-exec.json": Self.enabled])
        let go = "\(agent.scratch.path)/go"
        for ending in ["7", nil] {
            agent.scratch.remove("go")
            let line = "while [ ! -e \(go) ]; do sleep 0.05; done; echo on"
            async let run = exec(agent, ["-wait=2s", "-verbose", line])
            var session = ""
            try await eventually("the job is there") {
                let keys = try await agent.get("/v1/kv/_rexec/?keys").text
                guard let job = keys.firstMatch(of: /_rexec\/([0-9a-f-]+)\/job/) else {
                    return false
                }
                session = String(job.output.1)
                return true
            }
            let results = [("ack", ""), ("out/00000", ""), ("out/00001", "there\n")]
            for (key, value) in results + (ending.map { [("exit", $0)] } ?? []) {
                let path = "/v1/kv/_rexec/\(session)/there/\(key)?acquire=\(session)"
                #expect(try await agent.put(path, value).text.hasPrefix("true"))
            }
            try agent.scratch.write("go", "")
            let found = await run
            #expect(found.code == 2)
            for line in [
                "==> there: acknowledged", "==> there: heartbeat received", "    there: there",
                "    here: on", "==> here: finished with exit code 0",
                "\(ending == nil ? 1 : 2) / 2 node(s) completed / acknowledged",
            ] {
                #expect(found.output.contains("\(line)\n"), "\(line) in \(found.output)")
            }
            #expect(found.output.contains("there: finished with exit code 7") == (ending != nil))
        }
        await agent.stop()
    }

    @Test func nodesAreSelectedAndReportedAsJSON() async throws {
        let agent = try await AgentProcess.start([
            "50-exec.json": Self.enabled,
            "60-meta.json": #"{"node_meta": {"rack": "b2"}, "service": {"name": "web"}}"#,
        ])
        try await eventually("the service is in the catalog") {
            try await agent.get("/v1/catalog/service/web").text.contains("web")
        }
        let run = await exec(
            agent,
            ["-format=json", "-limit=1", "-node-meta=rack=b2", "-service=we", "printf a; exit 4"])
        #expect(run.code == 2)
        let report = try JSONReader.decode(JSONValue.self, from: Array(run.output.utf8))
        let node = report["Nodes"]?.arrayValue?.first
        #expect(node?["Node"]?.stringValue == "here" && node?["Output"]?.stringValue == "a")
        #expect(report["Completed"] == .integer(1) && node?["ExitCode"] == .integer(4))
        let other = await exec(agent, ["-node-meta=rack=b3", "true"])
        #expect(other.code == 2 && other.output == "No living node matches\n")
        await agent.stop()
    }

    @Test func jobOutlivesItsCaller() async throws {
        let agent = try await AgentProcess.start(["50-exec.json": Self.enabled])
        let directory = agent.scratch.path
        let line =
            "echo on; while [ ! -e \(directory)/go ]; do sleep .1; done; echo > \(directory)/over"
        let handle = ProcessHandle()
        var spec = ProcessSpec([AgentProcess.program, "exec", "-wait=5s", line])
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "unix://\(directory)/http.sock"
        ])
        async let outcome = ProcessRun.run(spec, handle: handle)
        try await eventually("the job runs") {
            try await agent.get("/v1/kv/_rexec?keys").text.contains("/out/")
        }
        handle.signal(SIGINT, toGroup: false)
        #expect(await outcome.ending == .exited(1))
        #expect(try await agent.get("/v1/kv/_rexec?keys").status == 404)
        #expect(try await agent.get("/v1/session/list").text == "[]")
        try agent.scratch.write("go", "")
        try await eventually("the job has ended") { agent.scratch.exists("over") }
        try await eventually("the log says so") { agent.log.contains("reported=false") }
        await agent.stop()
    }

    @Test func execIsDisabledByDefault() async throws {
        let agent = try await AgentProcess.start()
        let run = await exec(agent, ["-wait=300ms", "true"])
        #expect(run.code == 0)
        #expect(run.output == "0 / 0 node(s) completed / acknowledged\n")
        try await eventually("the log says so") {
            agent.log.contains("ignoring remote exec event, disabled.")
        }
        #expect(try await agent.get("/v1/event/list").text == "[]")
        // A reload suffices, in both directions.
        try agent.scratch.write("config.d/50-exec.json", Self.enabled)
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(await exec(agent, Self.here + ["true"]).output.contains("1 / 1 node"))
        await agent.stop()
    }

    @Test func onlyListedJobsRun() async throws {
        let agent = try await AgentProcess.start([
            "50-exec.json": """
            {"disable_remote_exec": false, "remote_exec": {"max_parallel": 1, "output_max": 100,
              "jobs": [
              {"name": "greet", "args": ["echo", "hello"], "allow_arguments": true},
              {"name": "flood", "args": ["seq", "1000"]},
              {"name": "slow", "args": ["sleep", "100"], "timeout": "300ms"},
              {"name": "wait",
               "args": ["sh", "-c", "echo on; while [ ! -e $DIR/go ]; do sleep .1; done"]}
            ]}}
            """
        ])
        let greet = await exec(agent, Self.here + ["greet", "you;id"])
        #expect(greet.code == 0 && greet.output.hasPrefix("    here: hello you;id\n"))
        let refused = await exec(agent, Self.here + ["id"])
        #expect(refused.code == 2)
        #expect(
            refused.output.hasPrefix(
                """
                    here: remote exec refused: this node has no job named "id"
                    here:
                ==> here: finished with exit code 126
                """))
        try await eventually("the log says so") { agent.log.contains("remote exec refused") }
        let flood = await exec(agent, Self.here + ["flood"])
        #expect(flood.output.contains("here: [3793 more bytes of output were dropped"))
        let slow = await exec(agent, Self.here + ["slow"])
        #expect(slow.output.contains("finished with exit code 124"))
        async let first = exec(agent, Self.here + ["wait"])
        try await eventually("the job runs") {
            try await agent.get("/v1/kv/_rexec?keys").text.contains("/out/")
        }
        let second = await exec(agent, Self.here + ["greet"])
        #expect(second.output.contains("finished with exit code 75"), "\(second.output)")
        try agent.scratch.write("go", "")
        // Named nodes need no quiet time: the run ends as soon as all have reported their end.
        #expect(await first.code == 0)
        await agent.stop()
    }

    /// Scripts too: that user owns their files.
    @Test(.enabled(if: geteuid() == 0)) func jobRunsAsAnotherUser() async throws {
        let agent = try await AgentProcess.start([
            "50-exec.json": #"{"disable_remote_exec": false, "remote_exec": {"user": "nobody"}}"#
        ])
        let line = await exec(agent, Self.here + ["id -un"])
        #expect(line.output.hasPrefix("    here: nobody\n"), "\(line.output)")
        let script = await exec(agent, Self.here + ["-"], input: "#!/bin/sh\nid -un\n")
        #expect(script.output.hasPrefix("    here: nobody\n"), "\(script.output)")
        await agent.stop()
    }
}
