import ScriptKit
import Testing

/// Scripts of a watch's plan: its inputs with their times, and its directives.
@Suite struct ScriptTests {
    @Test(arguments: [
        "start", "changes-of-data", "errors", "coalesce", "queue", "cancel", "parallel", "wait",
        "retry", "events", "fire-on-start", "changes", "any-of", "pause",
    ])
    func plays(_ name: String) throws {
        let script = try ScriptFile(name: name)
        #expect(!script.blocks.isEmpty)
        var runner = ScriptRunner()
        for block in script.blocks {
            let printed = try block.commands.flatMap { try runner.run($0) }
            #expect(
                printed == block.expected,
                "\(name).txt:\(block.line)\n\(printed.joined(separator: "\n"))")
        }
    }
}
