import Glibc
import Platform
import Primitives
import Testing

/// A Python with py-consul; nil for none: `$PYCONSUL_PYTHON`, else the one installed for such
/// comparisons, else `python3`, if one of them has the module.
///
///     python3 -m venv ~/.cache/consul-peers/py-consul
///     ~/.cache/consul-peers/py-consul/bin/pip install py-consul
private let python: String? = {
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    let named = getenv("PYCONSUL_PYTHON").map { String(cString: $0) }
    let candidates = [
        named, "\(home)/.cache/consul-peers/py-consul/bin/python3", "/usr/local/bin/python3",
        "/usr/bin/python3",
    ]
    return candidates.compactMap { $0 }.first { (path: String) in
        guard access(path, X_OK) == 0 else { return false }
        return system("'\(path)' -c 'import consul' >/dev/null 2>&1") == 0
    }
}()

/// Runs py-consul's calls against both agents by `Scripts/pyconsul.py`: the print-outs must be
/// equal.
@Suite(
    .serialized,
    .enabled(if: Program.isPeerThere && python != nil, "py-consul or HashiCorp Consul is missing"),
    .timeLimit(.minutes(3)))
struct PyConsulTests {
    @Test func callsOfPyConsulDoAlike() async throws {
        let theirs = try await printOut(.theirs)
        let ours = try await printOut(.ours)
        #expect(theirs.count > 100)
        #expect(theirs.count == ours.count)
        for (expected, got) in zip(theirs, ours) { #expect(got == expected) }
        let page = "Sources/ConsulHTTP/ConsulHTTP.docc/DifferencesFromHashiCorpConsul.md"
        let text = try Files.read(ScriptFile.root + page, limit: 1 << 20)
        let sections = String(decoding: text, as: UTF8.self).split(separator: "\n")
        for line in theirs {
            guard let mark = line.prefixMatch(of: #/\[(.+)\] /#)?.output.1 else { continue }
            #expect(sections.contains { $0 == "### \(mark)" }, "\(line) is not explained")
        }
    }

    private func printOut(_ program: Program) async throws -> [String] {
        let agent = try await PeerAgent(program)
        var spec = ProcessSpec([
            try #require(python), "\(ScriptFile.root)Tests/InteropTests/Scripts/pyconsul.py",
            "\(agent.httpPort)",
        ])
        spec.timeout = .seconds(120)
        spec.outputLimit = 1 << 20
        let result = await ProcessRun.run(spec)
        await agent.stop()
        guard result.ending == .exited(0) else {
            throw PeerError(description: "\(program): \(result.ending)")
        }
        let text = result.output
        return text.split(separator: "\n").map(String.init)
    }
}
