import Platform
import Primitives
import Testing

/// Runs `consul exec`, ours and HashiCorp's, each as the caller and as the agent.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Program.isPeerThere))
struct ExecTests {
    private static let lines = [
        "consul exec -wait=$WAIT -verbose 'echo hi; echo err >&2; exit 3'",
        "consul exec -wait=$WAIT 'printf foo; sleep 1; echo bar'",
        "consul exec -wait=$WAIT -shell=false echo a b",
        "consul exec -wait=$WAIT -shell=false /none",
        #"consul exec -wait=$WAIT 'printf "a \n\nb  \n\n\n"'"#,
        "consul exec -wait=$WAIT -node=other ls",
        "consul exec -wait=$WAIT -node='^inter' true",
        "consul exec -wait=$WAIT -service=web ls",
        "consul exec -wait=$WAIT -datacenter=dc1 echo x",
        "consul exec -datacenter=other -verbose ls",
        "consul exec -wait=$WAIT -verbose 'sleep 2.5'",
        #"consul exec -wait=$WAIT 'yes | head -c 9000 | tr -d "\n"'"#,
        "consul exec -wait=$WAIT -prefix=a//b/ echo hi",
        "printf 'echo script; kill -9 $$' | consul exec -wait=$WAIT -",
        #"printf '#!/bin/echo of\n' | consul exec -wait=$WAIT - | sed 's,/.*/\([a-z]*\).*,\1N,'"#,
        "consul kv get -keys _rexec/; consul kv get -keys a/",
    ]

    /// A caller and its agent.
    private struct Pair {
        let caller: Program
        let agent: PeerAgent
        let scratch: Scratch

        init(_ caller: Program, on server: Program) async throws {
            self.caller = caller
            scratch = try Scratch(caller, "exec-\(caller)-\(server)")
            agent = try await PeerAgent(
                server, configuration: #"{"disable_remote_exec": false}"#)
        }

        func run(_ line: String, wait: String) async throws -> String {
            let run = try await CommandRun.one(
                CommandLineText(mark: nil, text: line.replacing("$WAIT", with: wait)),
                in: scratch, against: agent)
            return "\(line)\n\(ordered(run.output))\(run.errorOutput)code \(run.code)"
        }
    }

    /// HashiCorp's prints a node's end and its output in either order, by chance.
    private static func ordered(_ text: String) -> String {
        let lines = text.split(separator: "\n").map { line in
            String(line).replacing(/^Completed in .*/, with: "Completed")
        }
        let isEnd = { (line: String) in line.contains("finished with exit code") }
        return (lines.filter { !isEnd($0) } + lines.filter(isEnd)).map { "\($0)\n" }.joined()
    }

    /// The times that a caller waits for more output of a node. A busy machine may need the last.
    private static let waits = ["1s", "4s", "15s"]

    @Test func callerAndAgentMatchHashiCorps() async throws {
        let reference = try await Pair(.theirs, on: .theirs)
        let others = [
            try await Pair(.theirs, on: .ours), try await Pair(.ours, on: .theirs),
            try await Pair(.ours, on: .ours),
        ]
        for line in Self.lines {
            for wait in Self.waits {
                async let one = reference.run(line, wait: wait)
                async let first = others[0].run(line, wait: wait)
                async let second = others[1].run(line, wait: wait)
                async let third = others[2].run(line, wait: wait)
                let found = try await [first, second, third]
                let expected = try await one
                if found.allSatisfy({ $0 == expected }) { break }
                if wait == Self.waits.last {
                    for (place, got) in found.enumerated() { #expect(got == expected, "\(place)") }
                }
            }
        }
        for pair in [reference] + others { await pair.agent.stop() }
    }
}
