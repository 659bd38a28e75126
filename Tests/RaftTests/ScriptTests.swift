import ScriptKit
import Testing

/// Conversations between cores: the figures of the paper and the thesis, and what must come of
/// them.
@Suite struct ScriptTests {
    @Test(arguments: [
        "start", "figure-7", "figure-8", "figure-8-committed", "membership", "disruption",
        "pre-vote", "read-index",
        "transfer", "snapshot", "restore",
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
