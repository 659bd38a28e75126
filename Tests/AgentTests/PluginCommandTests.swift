import Glibc
import Platform
import PluginAPI
import Primitives
import StandardPlugins
import TestKit
import Testing

@testable import consul

/// Commands of plugins, through the built program.
@Suite(.timeLimit(.minutes(2))) struct PluginCommandTests {
    /// Runs a line of the shell in which `$C` is the program and `plugins` the folder of plugins.
    private func shell(
        _ scratch: Scratch, _ line: String, address: String? = nil
    ) async -> (code: Int, text: String) {
        var spec = ProcessSpec(["sh", "-c", "{ \(line); } >out 2>&1"])
        spec.workingDirectory = scratch.path
        var added = [
            "C": AgentProcess.program, "CONSUL_PLUGIN_DIR": "\(scratch.path)/plugins",
        ]
        added["CONSUL_HTTP_ADDR"] = address
        let without: Set<String> = address == nil ? ["CONSUL_HTTP_ADDR"] : []
        spec.environment = .inherited(adding: added, without: without)
        spec.timeout = .seconds(60)
        let ending = await ProcessRun.run(spec).ending
        let code = if case .exited(let code) = ending { Int(code) } else { -1 }
        return (code, scratch.read("out"))
    }

    private func folder(_ program: String, named name: String) throws -> Scratch {
        let scratch = try Scratch()
        mkdir("\(scratch.path)/plugins", 0o755)
        try scratch.write("plugins/\(name)", program)
        chmod("\(scratch.path)/plugins/\(name)", 0o755)
        return scratch
    }

    private func tool(_ command: String, _ body: String) -> String {
        """
        #!/bin/sh
        if [ $# -gt 0 ]; then shift; \(body); fi
        read -r hello
        echo '{"type":"hello","protocol":1,"name":"tool","version":"1",\
        "commands":[{"name":"\(command)","synopsis":"Greets"}]}'
        read -r shutdown
        """
    }

    @Test func argumentsStreamsAndExitCodeBelongToTheProgram() async throws {
        let body = #"read -r word; echo "$word $#:$1:$2 $CONSUL_HTTP_ADDR" >&2; exit 7"#
        let scratch = try folder(tool("greet", body), named: "tool")
        let run = await shell(scratch, #"echo hello | "$C" greet -h 'a b'"#)
        #expect(run.code == 7)
        #expect(run.text == "hello 2:-h:a b 127.0.0.1:8500\n", "\(run.text)")
        let other = await shell(scratch, #"echo x | "$C" greet"#, address: "10.0.0.1:1")
        #expect(other.text == "x 0:: 10.0.0.1:1\n")
        let list = await shell(scratch, #""$C" -h"#)
        #expect(list.code == 0 && list.text.contains(#/\n    greet +Greets\n/#))
    }

    @Test func signalsReachTheProgram() async throws {
        let body = #"trap 'echo ended; exit 9' TERM; touch up; while :; do sleep 0.02; done"#
        let scratch = try folder(tool("serve", body), named: "tool")
        let run = await shell(
            scratch,
            #""$C" serve & one=$!; while [ ! -e up ]; do sleep 0.02; done; kill -TERM $one; "#
                + "wait $one")
        #expect(run.code == 9 && run.text == "ended\n", "\(run.text)")
    }

    @Test func ownCommandWinsAndTheCollisionIsReported() async throws {
        let scratch = try folder(tool("version", "echo mine; exit 0"), named: "tool")
        let own = await shell(scratch, #""$C" version"#)
        #expect(own.code == 0 && own.text.hasPrefix("Consul v"))
        let list = await shell(scratch, #""$C" -h"#)
        let reason = "provides command:version, which consul itself provides already"
        #expect(list.code == 0 && list.text.contains("/plugins/tool is not used: \(reason)\n"))
    }

    @Test func unknownCommandStaysUnknown() async throws {
        let scratch = try folder(tool("greet", "exit 0"), named: "tool")
        let run = await shell(scratch, #""$C" nope"#)
        #expect(run.code == 127 && run.text.hasPrefix("Usage: consul"))
    }

    /// The agent lists the command, and the example queries the agent.
    @Test func exampleQueriesTheAgentOfTheEnvironment() async throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = String(
            decoding: try Files.read("\(root)/Plugins/Examples/kv-size.py", limit: 1 << 16),
            as: UTF8.self)
        let scratch = try folder(text, named: "kv-size.py")
        let agent = try await AgentProcess.start(
            ["50.json": #"{"plugin_dir": "$DIR/plugins"}"#], in: scratch)
        try await agent.put("/v1/kv/app/a", "12345")
        try await agent.put("/v1/kv/app/b", "678")
        let address = "unix://\(scratch.path)/http.sock"
        let run = await shell(scratch, #""$C" kv-size app/; "$C" kv-size none/"#, address: address)
        #expect(run.text == "2 keys, 8 bytes\n0 keys, 0 bytes\n", "\(run.text)")
        let list = await shell(scratch, #""$C" plugin list"#, address: address)
        #expect(list.text.contains("command:kv-size"), "\(list.text)")
        await agent.stop()
    }

    /// Without the plugin in the list, none of its commands remains.
    @Test func commandsComeFromTheListOfPluginsOnly() throws {
        let all = CommandTable(try PluginRegistry(StandardPlugins.all()))
        #expect(all.paths.contains(["lock"]) && all.paths.contains(["exec"]))
        let without = StandardPlugins.all().filter { !["lock", "exec"].contains($0.name) }
        let table = CommandTable(try PluginRegistry(without))
        #expect(!table.paths.contains { ["lock", "exec"].contains($0[0]) })
        #expect(!ShellCompletion.answers(to: "consul lo", in: table).contains("lock"))
    }
}
