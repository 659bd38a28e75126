import Platform
import Primitives
import Testing

/// `consul exec`: ours and HashiCorp's, each as the caller and as the agent.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Program.isPeerThere))
struct ExecTests {
    private static let lines = [
        "consul exec -wait=1s -verbose 'echo hi; echo err >&2; exit 3'",
        "consul exec -wait=1500ms 'printf foo; sleep 1; echo bar'",
        "consul exec -wait=1s -shell=false echo a b",
        "consul exec -wait=1s -shell=false /none",
        #"consul exec -wait=1s 'printf "a \n\nb  \n\n\n"'"#,
        "consul exec -wait=1s -node=other ls",
        "consul exec -wait=1s -node='^inter' true",
        "consul exec -wait=1s -service=web ls",
        "consul exec -wait=1s -datacenter=dc1 echo x",
        "consul exec -datacenter=other -verbose ls",
        "consul exec -wait=1s -verbose 'sleep 2.5'",
        #"consul exec -wait=1s 'yes | head -c 9000 | tr -d "\n"'"#,
        "consul exec -wait=1s -prefix=a//b/ echo hi",
        "printf 'echo script; kill -9 $$' | consul exec -wait=1s -",
        #"printf '#!/bin/echo of\n' | consul exec -wait=1s - | sed 's/[0-9][0-9]*$/N/'"#,
        "consul kv get -keys _rexec/; consul kv get -keys a/",
    ]

    private static func run(_ caller: Program, on server: Program) async throws -> [String] {
        let agent = try await PeerAgent(server, configuration: #"{"disable_remote_exec": false}"#)
        let scratch = try Scratch(caller, "exec-\(caller)-\(server)")
        defer { scratch.remove() }
        var found: [String] = []
        for line in lines {
            let run = try await CommandRun.one(
                CommandLineText(mark: nil, text: line), in: scratch, against: agent)
            found.append("\(line)\n\(ordered(run.output))\(run.errorOutput)code \(run.code)")
        }
        await agent.stop()
        return found
    }

    /// HashiCorp's prints a node's end and its output by chance in either order.
    private static func ordered(_ text: String) -> String {
        let lines = text.split(separator: "\n").map { line in
            String(line).replacing(/^Completed in .*/, with: "Completed")
        }
        let isEnd = { (line: String) in line.contains("finished with exit code") }
        return (lines.filter { !isEnd($0) } + lines.filter(isEnd)).map { "\($0)\n" }.joined()
    }

    @Test func bothSidesAreAsTheOthers() async throws {
        async let reference = Self.run(.theirs, on: .theirs)
        async let mixed = Self.run(.theirs, on: .ours)
        async let mixedToo = Self.run(.ours, on: .theirs)
        async let own = Self.run(.ours, on: .ours)
        let expected = try await reference
        for (place, found) in [try await mixed, try await mixedToo, try await own].enumerated() {
            for (one, other) in zip(expected, found) { #expect(one == other, "\(place)") }
        }
    }
}
