import ConsulState
import ScriptKit
import Testing

/// Runs conversations with the state machine. Each block of a script is commands, a line `----`,
/// and their output. Indexes were read off HashiCorp Consul 1.8.7, except where a script notes a
/// difference.
@Suite struct ScriptTests {
    @Test(arguments: [
        "kv", "kv-expiry", "kv-leases", "catalog-indexes", "node-names", "registration",
        "graveyard", "sessions", "transactions", "locks", "coordinates",
    ])
    func plays(_ name: String) throws {
        let script = try ScriptFile(name: name)
        #expect(!script.blocks.isEmpty)
        var runner = ScriptRunner()
        for block in script.blocks {
            let printed = block.commands.map { runner.run($0) }.filter { !$0.isEmpty }
            #expect(
                printed.joined(separator: "\n") == block.expected.joined(separator: "\n"),
                "\(name).txt:\(block.line), after \(block.commands)")
            runner.machine.checkInvariants()
        }
    }
}
