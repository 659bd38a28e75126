import Glibc
import Platform
import Testing
import Wire

/// Tests the additions of our command line to Consul's, and its intended differences.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: Program.isOursThere))
struct OwnCommandsTests {
    private static func withAgent(
        _ body: (PeerAgent, (String) async throws -> CommandRun) async throws -> Void
    ) async throws {
        let agent = try await PeerAgent(.ours)
        let scratch = try Scratch(.ours, "run-own")
        defer { scratch.remove() }
        do {
            try await body(agent) { text in
                try await CommandRun.one(
                    CommandLineText(mark: nil, text: text), in: scratch, against: agent,
                    masks: false)
            }
        } catch {
            await agent.stop()
            throw error
        }
        await agent.stop()
    }

    /// The next file or socket must not get the number of standard input or output.
    @Test func closedDescriptorsAreFilled() async throws {
        try await Self.withAgent { _, run in
            for line in [
                "-pass-stdin jobs/a cat <&-", "jobs/a 'echo printed' >&-",
                "jobs/a 'echo printed >&2' 2>&-",
            ] {
                let lock = try await run("consul lock -child-exit-code \(line)")
                #expect(lock.code == 0, "\(line): \(lock.output)\(lock.errorOutput)")
            }
        }
    }

    @Test func keyIsWrittenExactlyOrRefused() async throws {
        try await Self.withAgent { _, run in
            for key in ["a//b", "a/./b", "a/../b"] {
                let put = try await run("consul kv put \(key) x")
                #expect(put.code == 0, "\(put.errorOutput)")
                #expect(try await run("consul kv get -keys -separator=''").output == "\(key)\n")
                #expect(try await run("consul kv get \(key)").output == "x\n")
                #expect(try await run("consul kv delete \(key)").code == 0)
            }
            let odd = try await run("consul kv put \"$(printf 'k\\377')\" x")
            #expect(odd.code == 1 && odd.errorOutput == "Argument 3 is not UTF-8: k\u{FFFD}\n")
            let keys = try await run("consul kv get -keys")
            #expect(keys.code == 0 && keys.output.isEmpty, "\(keys.output)")
        }
    }

    /// `timeout -s` sends the signal and exits with 128 plus its number if the signal ended the
    /// program.
    @Test func hangupEndsReadingCommands() async throws {
        try await Self.withAgent { _, run in
            for line in [
                "monitor", "watch -type=key -key=a sleep 9",
                "debug -duration=10s -interval=5s -output=$SCRATCH/recorded",
            ] {
                let ended = try await run(
                    "exec >&2; consul kv put a 1; "
                        + "timeout -s HUP --preserve-status 1 consul \(line)")
                #expect(ended.code == 128 + SIGHUP, "\(line): \(ended.errorOutput)")
            }
            let held = try await run(
                "trap '' HUP; consul lock -child-exit-code-exact jobs/nohup "
                    + "'sleep 2; echo whole' & sleep 1; kill -HUP $!; wait $!")
            #expect(held.output == "whole\n", "\(held.errorOutput)")
        }
    }

    @Test func hotReloadValidatesTheAgentsOwnFiles() async throws {
        try await Self.withAgent { _, run in
            let own = try await run("consul validate -hot-reload")
            #expect(own.code == 0 && own.output == "nothing has changed\n", "\(own.errorOutput)")
            let others = try await run("consul validate -hot-reload $SCRATCH")
            #expect(others.code == 1 && others.output.isEmpty)
            #expect(others.errorOutput.hasPrefix("-hot-reload asks the running agent"))
        }
    }

    @Test func snapshotDoesNotReplaceADevice() async throws {
        try await Self.withAgent { _, run in
            let refused = try await run(
                "cd $SCRATCH; mkfifo pipe; ln -s pipe link; for file in pipe link; do "
                    + "consul snapshot save $file && exit 9; done; test -p pipe && test -L link")
            #expect(refused.code == 0, "\(refused.output)\(refused.errorOutput)")
            let linked = try await run(
                "cd $SCRATCH; : > real.snap; ln -s real.snap last.snap; "
                    + "consul snapshot save last.snap && test -L last.snap && test -s real.snap")
            #expect(linked.code == 0, "\(linked.output)\(linked.errorOutput)")
        }
    }

    /// Runs every command that lists, and checks the names of the fields that scripts may use. The
    /// flag replaces the `%`, or is at the end.
    @Test func listsComeAsJSON() async throws {
        try await Self.withAgent { _, run in
            _ = try await run(
                "consul kv put j/a 1; consul kv put j/b/c 2; consul services register -name=web "
                    + "-port=80; consul maint -enable -reason=why")
            for (line, fields) in [
                ("catalog nodes", ["ID", "Node", "Address", "Datacenter", "Meta"]),
                ("catalog services", ["consul"]), ("catalog datacenters", []),
                ("catalog service% consul", ["Node", "Service", "Checks"]),
                ("members", ["Name", "Addr", "Port", "Tags", "Status"]),
                ("kv get -recurse% j", ["Key", "Value", "Flags", "Session", "ModifyIndex"]),
                ("kv get -keys% j/", []), ("kv get% j/a", ["Key", "Value", "CreateIndex"]),
                ("plugin list", ["Name", "Version", "State", "Provides"]),
                ("info", ["agent", "consul", "raft", "runtime"]),
                ("version", ["Version", "Revision", "RPC"]),
                ("event -name=x% y", ["ID", "Name", "Payload", "LTime"]),
                ("lock list", []), ("rtt -all", []),
                ("event status", []), ("watch list", []), ("maint", ["Kind", "ID", "Reason"]),
                ("reload", ["Changed", "NeedsRestart"]),
                ("config effective -dev -given", ["Path", "Value", "Source"]),
            ] {
                let sides = line.split(separator: "%", omittingEmptySubsequences: false)
                let rest = sides.count == 2 ? sides[1] : ""
                let result = try await run("consul \(sides[0]) -format=json \(rest)")
                #expect(result.code == 0, "\(line): \(result.errorOutput)")
                let value = try? JSONReader.decode(
                    JSONValue.self, from: Array(result.output.utf8))
                let record = value?.arrayValue?.first ?? value
                for field in fields { #expect(record?[field] != nil, "\(line): \(field)") }
                #expect(value != nil, "\(line)")
                let odd = try await run("consul \(sides[0]) -format=odd \(rest)")
                #expect(odd.code == 1 && odd.errorOutput == "Unknown format: odd\n", "\(line)")
            }
        }
    }

    @Test func probes() async throws {
        try await Self.withAgent { agent, _ in
            let live = try RawHTTP.ask(HTTPLine("GET", "/v1/agent/live"), port: agent.httpPort)
            #expect(live.status == "HTTP/1.1 200 OK" && live.body == "live")
            let ready = try RawHTTP.ask(HTTPLine("GET", "/v1/agent/ready"), port: agent.httpPort)
            #expect(ready.status == "HTTP/1.1 200 OK" && ready.body == "ready")
        }
    }

    /// The watch ends at once; its child receives the signal, and may finish its work, or continue.
    @Test func watchForwardsSignals() async throws {
        try await Self.withAgent { _, run in
            let result = try await run(
                """
                consul kv put w 1 > /dev/null; cd $SCRATCH
                wait_for() { while [ ! -e $1 ]; do sleep 0.05; done; }
                consul watch -type=key -key=w 'trap "sleep 0.2; echo term; touch term; exit 7" TERM
                touch up; while :; do sleep 0.05; done' & watch=$!
                wait_for up; kill -TERM $watch; wait $watch; echo "ended with $?"; wait_for term
                for signal in INT TERM; do
                  rm -f up late
                  consul watch -type=key -key=w 'trap "" INT TERM; touch up
                  while [ ! -e go ]; do sleep 0.05; done; echo late; touch late' & watch=$!
                  wait_for up; kill -$signal $watch; wait $watch; echo "ended with $?"
                  touch go; wait_for late; rm go
                done
                """)
            let ends = ["ended with 0", "term", "ended with 0", "late", "ended with 0", "late", ""]
            #expect(result.output == ends.joined(separator: "\n"), "\(result.errorOutput)")
        }
    }

    @Test func completionAnswersAndInstalls() async throws {
        try await Self.withAgent { _, run in
            for (line, answer) in [
                ("consul k", "keygen keyring kv"),
                ("consul kv ", "copy delete diff export get import move put sync"),
                ("consul kv g", "get"), ("consul kv get -st", "-stale"), ("consul kvx ", ""),
                ("consul -auto", "-autocomplete-install -autocomplete-uninstall"),
                ("consul members -wa", "-wan"), ("consul kv get a", ""),
            ] {
                let result = try await run("COMP_LINE='\(line)' consul | tr '\\n' ' '")
                #expect(result.output == (answer.isEmpty ? "" : answer + " "), "\(line)")
            }
            let result = try await run(
                """
                export HOME=$SCRATCH/home; mkdir $HOME; unset XDG_CONFIG_HOME
                consul -autocomplete-install; echo $?
                echo first > $HOME/.bashrc; touch $HOME/.zshrc
                consul -autocomplete-install; echo $?
                cat $HOME/.bashrc $HOME/.zshrc | sed 's,-C [^ ]*,-C PATH,'
                consul -autocomplete-install; echo $?
                consul -autocomplete-uninstall; echo $?
                cat $HOME/.bashrc $HOME/.zshrc
                consul -autocomplete-install -autocomplete-uninstall; echo $?
                """)
            #expect(
                result.output == """
                    1
                    0
                    first
                    complete -C PATH consul
                    autoload -U +X bashcompinit && bashcompinit
                    complete -o nospace -C PATH consul
                    1
                    0
                    first
                    1

                    """)
        }
    }

    /// fish has a folder of completions, and calls a function.
    @Test func completionForFish() async throws {
        try await Self.withAgent { _, run in
            let result = try await run(
                """
                export HOME=$SCRATCH/fisher XDG_CONFIG_HOME=; mkdir -p $HOME/.config/fish
                file=$HOME/.config/fish/completions/consul.fish
                consul -autocomplete-install; echo $?
                [ -e $file ] && if command -v fish > /dev/null
                then fish -c "source $file; complete -C 'consul kv '" | cut -f1 | paste -s -d ' ' -
                else echo copy delete diff export get import move put sync; fi
                consul -autocomplete-install 2>&1 | grep -c "already installed at $file"
                consul -autocomplete-uninstall; echo $?; [ -e $file ] || echo gone
                consul -autocomplete-uninstall 2>&1 | grep -c "installed in $HOME/.config/fish"
                """)
            let answers = "copy delete diff export get import move put sync"
            #expect(
                result.output == "0\n\(answers)\n1\n0\ngone\n1\n", "\(result.errorOutput)")
        }
    }
}
