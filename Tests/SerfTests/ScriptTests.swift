import ScriptKit
import Testing

/// Conversations of a pool: what the members see of each request.
@Suite struct ScriptTests {
    @Test(arguments: [
        "leave", "force-leave", "intents", "events", "query", "conflict", "keys", "rejoin",
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
