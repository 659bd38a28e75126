import ConsulModel
import HTTPTransport
import Platform
import Primitives
import TestKit
import Testing

/// Compares the output of commands, each against an agent of its own, some with settings that the
/// output shows.
@Suite(.timeLimit(.minutes(2))) struct CommandOutputTests {
    /// Runs a line of the shell in which `$C` is the program.
    private func shell(_ agent: AgentProcess, _ line: String) async -> (code: Int, text: String) {
        var spec = ProcessSpec(["sh", "-c", "{ \(line); } >out 2>&1"])
        spec.workingDirectory = agent.scratch.path
        spec.environment = .inherited(adding: [
            "CONSUL_HTTP_ADDR": "unix://\(agent.scratch.path)/http.sock",
            "C": AgentProcess.program,
        ])
        spec.timeout = .seconds(60)
        let ending = await ProcessRun.run(spec).ending
        let code = if case .exited(let code) = ending { Int(code) } else { -1 }
        return (code, agent.scratch.read("out"))
    }

    /// A value is written as bytes, never as text: its bytes are unchanged.
    @Test func valuesAreWrittenAsBytes() async throws {
        let agent = try await AgentProcess.start()
        let put = await shell(agent, #"printf 'a\377\n\303\000z' | "$C" kv put bin -"#)
        #expect(put.text == "Success! Data written to: bin\n")
        let raw = #"od -An -v -tx1 | tr -d ' \n'"#
        for words in ["bin", "-recurse bin", "-detailed bin", "-recurse -detailed bin"] {
            let shown = await shell(agent, #""$C" kv get \#(words) | \#(raw)"#)
            #expect(shown.text.contains("61ff0ac3007a"), "\(words): \(shown.text)")
        }
        let copied = await shell(
            agent,
            #""$C" kv export bin >e && "$C" kv delete bin && "$C" kv import @e && "#
                + #""$C" kv get bin | \#(raw)"#)
        #expect(copied.text.hasSuffix("61ff0ac3007a0a"), "\(copied.text)")
        await agent.stop()
    }

    /// The texts are those of Consul 1.8.7.
    @Test func writesUnderASessionPrintTheirOutcome() async throws {
        let agent = try await AgentProcess.start()
        let created = try await agent.put("/v1/session/create", "{}").text
        let session = try #require(created.split(separator: "\"").dropFirst(3).first)
        for (words, code, text) in [
            ("put -acquire -session=\(session) lk 1", 0, "Success! Lock acquired on: lk\n"),
            ("put -release -session=\(session) lk 2", 0, "Success! Lock released on: lk\n"),
            ("put -release -session=\(session) lk 3", 1, "Error! Did not release lock\n"),
        ] {
            let run = await shell(agent, #""$C" kv \#(words)"#)
            #expect(run.code == code && run.text == text, "\(words): \(run.text)")
        }
        await agent.stop()
    }

    @Test func deregisteringAnUnknownServiceFailsByOption() async throws {
        let option = #"{"http_config": {"deregister_unknown_404": true}}"#
        let agent = try await AgentProcess.start(["50.json": option])
        for (path, kind) in [("service", "service"), ("check", "check")] {
            let answer = try await agent.put("/v1/agent/\(path)/deregister/n%22o")
            #expect(answer.status == 404, "\(answer.text)")
            #expect(answer.text.hasPrefix(#"Unknown \#(kind) ID "n\"o". "#), "\(answer.text)")
        }
        let command = await shell(agent, #""$C" services deregister -id=none"#)
        #expect(command.code == 1)
        #expect(
            command.text.contains("deregister") && command.text.contains("none"),
            "\(command.text)")
        try agent.scratch.write("config.d/50.json", "{}")
        #expect(try await agent.put("/v1/agent/reload").status == 200)
        #expect(try await agent.put("/v1/agent/service/deregister/none").status == 200)
        #expect(try await agent.put("/v1/agent/check/deregister/none").status == 200)
        await agent.stop()
    }

    /// The agent's own API is the handler's receiver: its answer is the reply.
    @Test func httpHandlersReplyIsLoggedAtTrace() async throws {
        for level in ["trace", "debug"] {
            let port = try FreePorts.take()
            let agent = try await AgentProcess.start([
                "50.json": """
                {"log_level": "\(level)", "addresses": {"http": "127.0.0.1 unix://$DIR/http.sock"},
                 "ports": {"http": \(port)},
                 "watches": [{"type": "key", "key": "a", "handler_type": "http",
                   "http_handler_config": {"path": "http://127.0.0.1:\(port)/v1/kv/fired",
                     "method": "PUT"}}]}
                """
            ])
            try await agent.put("/v1/kv/a", "1")
            try await eventually("the handler has written its key") {
                try await agent.get("/v1/kv/fired").status == 200
            }
            let line = "http watch handler output"
            if level == "trace" {
                try await eventually("the reply is logged") {
                    agent.log.split(separator: "\n").contains {
                        $0.contains("[TRACE]") && $0.contains(line) && $0.contains("true")
                    }
                }
            }
            await agent.stop()
            #expect(agent.log.contains(line) == (level == "trace"))
        }
    }

    @Test func nodesOfQueriesAreNamedByTheirIDs() async throws {
        let agent = try await AgentProcess.start()
        let body = #"{"ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "other","#
            + #""Address": "10.9.3.1", "Service": {"Service": "np"}}"#
        #expect(try await agent.put("/v1/catalog/register", body).status == 200)
        for id in ["40e4a748", "40e4a748-2192-161a-0510-9bf59fe950b5", "other"] {
            let run = await shell(agent, #""$C" catalog services -node=\#(id)"#)
            #expect(run.code == 0 && run.text == "np\n", "\(id): \(run.text)")
        }
        let short = await shell(agent, #""$C" catalog services -node=40e4a74"#)
        #expect(!short.text.contains("np"))
        await agent.stop()
    }
}
