import ConsulModel
import PluginAPI
import PluginKit
import Testing
import Wire

@testable import ConsulAgent
@testable import ExternalPlugins

/// Commands that external programs add.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CommandTests {
    private func hello(_ commands: String) -> String {
        """
        while IFS= read -r line; do
          case "$line" in
          '{"type":"hello",'*) echo '{"type":"hello","protocol":1,"name":"tool",\
        "version":"2","commands":\(commands)}' ;;
          '{"type":"shutdown"'*) exit 0 ;;
          esac
        done
        """
    }

    private func manifest(_ commands: String) -> Result<[Manifest.Command], ProgramFault> {
        let text = #"{"protocol": 1, "name": "n", "version": "1", "commands": \#(commands)}"#
        do throws(ProgramFault) {
            let document = (try? JSONReader.decode(JSONValue.self, from: Array(text.utf8))) ?? .null
            return .success(try Manifest(document).commands)
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        (#"[{"name": "a b"}]"#, "commands[0].name must be 1 to 64 printable ASCII characters"),
        (#"[{"name": "-a"}]"#, "begins with a dash"),
        (#"[{"name": "a"}, {"name": "a"}]"#, "name a twice"),
        (#"[{"name": "a", "synopsis": "x\ny"}]"#, "the synopsis of a must be one line"),
        (#"{"a": 1}"#, "its commands must be a list"),
        ("[]", "no check type, no handler kind and no command"),
    ]) func badManifestsAreRefused(_ commands: String, _ reason: String) throws {
        guard case .failure(let fault) = manifest(commands) else {
            Issue.record("accepted: \(commands)")
            return
        }
        #expect("\(fault)".contains(reason), "\(fault)")
    }

    @Test func commandReplacesTheProcessByItsProgram() async throws {
        let bench = try Bench()
        let file = bench.folder.program("tool", hello(#"[{"name":"size","synopsis":"Measures"}]"#))
        let registry = try await bench.load([file])
        #expect(bench.status().provides == ["command:size"])
        let command = try #require(registry.commands.first)
        #expect(command.path == ["size"] && command.synopsis == "Measures")
        #expect(command.parsesOwnArguments)
        let (started, errors) = (Recorder<[String]>(), Recorder<String>())
        let console = Console(
            write: { _ in }, writeError: { errors.add($0) }, writeBytes: { _ in },
            writeErrorBytes: { _ in }, readInput: { _ in [] },
            become: {
                started.add($0)
                return "exec: no"
            })
        let words = ["-h", "--", "-x=1"]
        #expect(await command.run(ParsedFlags(verbatim: words), console) == 126)
        #expect(started.values == [[file.path, "size"] + words])
        #expect(errors.values == ["exec: no"])
        await bench.programs.stop()
    }

    @Test func namesOfConsulAndOfBuiltInPluginsAreReserved() async throws {
        let folder = try TempFolder()
        let kv = folder.program("a", hello(#"[{"name":"kv"}]"#))
        let lock = folder.program("b", hello(#"[{"name":"lock"}]"#))
        _ = folder.program("c", hello(#"[{"name":"size"}]"#))
        let size = folder.program("d", hello(#"[{"name":"size"}]"#))
        let taken = Plugin(
            name: "lock", version: "1", contributions: [.command(NamedCommand(path: ["lock"]))])
        let host = try PluginHost(builtIn: [taken], reservedCommands: ["kv"])
        let found = await host.commands(in: folder.path)
        #expect(found.commands.map { $0.path } == [["size"]])
        #expect(found.failures.map { $0.program } == [kv.path, lock.path, size.path])
        let reasons = found.failures.map { $0.reason }
        #expect(reasons[0] == "provides command:kv, which consul itself provides already")
        #expect(reasons[1] == "provides command:lock, which lock provides already")
        #expect(reasons[2].hasPrefix("provides command:size, which \(folder.path)/c"))
        await host.stop()
    }

    @Test func missingFolderIsReported() async throws {
        let host = try PluginHost(builtIn: [])
        let found = await host.commands(in: "/nowhere/plugins")
        #expect(found.commands.isEmpty)
        #expect(found.failures.map { $0.program } == ["/nowhere/plugins"])
        await host.stop()
    }
}

private struct NamedCommand: Command {
    var path: [String]
    let synopsis = ""
    let usage = ""
    let flags: [Flag] = []
    func run(_ flags: ParsedFlags, _ console: Console) async -> Int32 { 0 }
}
