import ScriptKit
import Testing

/// Conversations of a few nodes, and their expected print-out.
@Suite struct ScriptTests {
    @Test(arguments: [
        "probe", "failure", "suspicion", "refute", "leave", "conflict", "reclaim", "push-pull",
        "versions", "restart",
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
