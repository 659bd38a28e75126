import Glibc
import Platform
import TestKit
import Testing

/// Pools of real and own agents, each in network and process namespaces of its own: a script starts
/// the agents, breaks things, and prints what the members of both programs see.
@Suite(
    .serialized,
    .enabled(if: Program.isPeerThere && mayMakeNamespaces, "needs the real program and unshare(1)"))
struct PoolTests {
    private static let folder = "\(ScriptFile.root)Tests/InteropTests/Scripts/pools"

    @Test(.timeLimit(.minutes(4)), arguments: ["mixed", "keys", "refused"])
    func printsWhatIsExpected(script: String) async throws {
        let work = try TestFolder("pool")
        // A script that hangs ends with all its agents before the test's time is over.
        var spec = ProcessSpec(
            ["timeout", "-s", "KILL", "200", "unshare"] + namespaceFlags
                + ["bash", "\(Self.folder)/\(script).sh"])
        spec.environment = .inherited(adding: [
            "OURS": Files.resolved(Program.ours.path), "REAL": Files.resolved(Program.theirs.path),
            "WORK": work.path,
        ])
        let run = await ProcessRun.run(spec)
        let expected = try Files.read("\(Self.folder)/\(script).txt", limit: 1 << 20)
        if run.output != String(decoding: expected, as: UTF8.self) {
            for log in try Files.list(work.path).sorted() where log.hasSuffix(".log") {
                let bytes = try Files.read("\(work.path)/\(log)", limit: 8 << 20)
                let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                print("== \(log)", lines.suffix(40).joined(separator: "\n"), separator: "\n")
            }
        }
        #expect(run.output == String(decoding: expected, as: UTF8.self))
    }
}

/// Namespaces of users, networks and processes: all processes end with the script.
private let namespaceFlags = ["-rnpf", "--kill-child", "--mount-proc"]
private let mayMakeNamespaces =
    system("unshare -rnpf --kill-child --mount-proc ip link set lo up 2>/dev/null") == 0
