import ScriptKit
import Testing

/// Scripted dialogues with the server: the catalog, the questions, the answers.
@Suite struct ScriptTests {
    @Test(arguments: [
        "names", "places", "services", "addresses", "aliases", "nodes", "reverse", "zone", "limits",
        "rules", "order", "near", "records", "mesh", "above",
    ])
    func plays(_ name: String) throws {
        let script = try ScriptFile(name: name)
        #expect(!script.blocks.isEmpty)
        let runner = ScriptRunner()
        for block in script.blocks {
            let printed = try block.commands.flatMap { try runner.run($0) }
            #expect(
                printed == block.expected,
                "\(name).txt:\(block.line)\n\(printed.joined(separator: "\n"))")
        }
    }
}
