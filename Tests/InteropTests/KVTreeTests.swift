import Testing

/// `kv diff`, `sync`, `copy`, `move` and YAML: a conversation with a shell. `$` begins a line that
/// is typed; what follows is printed, standard error and the exit code included where there is one.
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
