import Testing

/// Runs `kv diff`, `sync`, `copy`, `move` and YAML in a scripted shell. `$` begins a typed line;
/// the printed lines follow, with standard error and the exit code if there is one.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Program.isOursThere))
struct KVTreeTests {
    @Test func treesOfKeys() async throws {
        var turns: [(line: String, printed: String)] = []
        for line in try ScriptFile.lines("kv-trees.txt") {
            if line.hasPrefix("$ ") {
                turns.append((String(line.dropFirst(2)), ""))
            } else {
                turns[turns.count - 1].printed += "\(line)\n"
            }
        }
        #expect(turns.count > 20)
        let agent = try await PeerAgent(.ours)
        let scratch = try Scratch(.ours, "kv-trees")
        defer { scratch.remove() }
        for (line, printed) in turns {
            let run = try await CommandRun.one(
                CommandLineText(mark: nil, text: "cd $SCRATCH; \(line)"), in: scratch,
                against: agent, masks: false)
            let code = run.code == 0 ? "" : "exit \(run.code)\n"
            #expect(run.output + run.errorOutput + code == printed, "\(line)")
        }
        await agent.stop()
    }
}
