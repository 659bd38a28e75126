import Glibc
import Primitives
import Testing

@testable import Platform

/// Returns the number of open descriptors of this process. Children of other tests open some too,
/// hence serialized.
func openDescriptors() -> Int { (try? Files.list("/proc/self/fd").count) ?? -1 }

func shell(_ script: String) -> ProcessSpec { ProcessSpec(["/bin/sh", "-c", script]) }

func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

/// Waits for an effect of another process, at most ten seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(nanoseconds: 10_000_000)
    }
    return condition()
}

@Suite(.serialized, .timeLimit(.minutes(2))) struct ProcessRunTests {
    @Test func exitCodeAndMergedOutputAreReported() async {
        let outcome = await ProcessRun.run(shell("echo out; echo err >&2; exit 3"))
        #expect(outcome.ending == .exited(3))
        #expect(outcome.output == "out\nerr\n")
        #expect(outcome.outputTotal == 8)
    }

    @Test func signalIsReported() async {
        let outcome = await ProcessRun.run(shell("kill -9 $$"))
        #expect(outcome.ending == .signalled(SIGKILL))
        #expect(outcome.ending.description == "signal: killed")
    }

    @Test func inputEnvironmentAndDirectoryReachTheChild() async {
        var spec = shell("cat; echo $GREETING; pwd; umask")
        spec.standardInput = Array("fed\n".utf8)
        spec.environment = .inherited(adding: ["GREETING": "hello you"])
        spec.workingDirectory = "/usr"
        spec.umask = 0o027
        let outcome = await ProcessRun.run(spec)
        #expect(outcome.output == "fed\nhello you\n/usr\n0027\n")
    }

    @Test func exactEnvironmentIsComplete() async {
        var spec = ProcessSpec(["env"])
        spec.environment = .exactly(["A": "1"])
        #expect(await ProcessRun.run(spec).output == "A=1\n")
    }

    @Test func hangingChildIsKilledAtItsTimeout() async {
        var spec = shell("sleep 100")
        spec.timeout = .milliseconds(100)
        let outcome = await ProcessRun.run(spec)
        #expect(outcome.ending == .timedOut)
        #expect(outcome.duration < .seconds(3))
    }

    @Test func wholeGroupIsKilledAtTheTimeout() async throws {
        var spec = shell("sleep 100 & echo $!; wait")
        spec.timeout = .milliseconds(300)
        let outcome = await ProcessRun.run(spec)
        #expect(outcome.ending == .timedOut)
        let grandchild = try #require(Int32(outcome.output.dropLast()))
        #expect(await eventually { !isAlive(grandchild) || isZombie(grandchild) })
    }

    @Test func childThatIgnoresTerminationIsKilledAfterTheGrace() async {
        var spec = shell("trap '' TERM; echo ready; while :; do sleep 1; done")
        spec.timeout = .milliseconds(300)
        spec.killSignal = SIGTERM
        spec.killTimeout = .milliseconds(200)
        let outcome = await ProcessRun.run(spec)
        #expect(outcome.ending == .timedOut)
        #expect(outcome.duration >= .milliseconds(500))
        #expect(outcome.duration < .seconds(4))
    }

    @Test func grandchildHoldingTheOutputDoesNotDelayTheAnswer() async throws {
        let outcome = await ProcessRun.run(shell("sleep 30 & echo $!"))
        #expect(outcome.ending == .exited(0))
        #expect(outcome.duration < .seconds(5))
        let grandchild = try #require(Int32(outcome.output.dropLast()))
        #expect(isAlive(grandchild), "what a handler leaves behind must live on")
        kill(grandchild, SIGKILL)
    }

    @Test func floodOfOutputKeepsOnlyItsTail() async {
        var spec = shell("yes | head -c 200000000; echo end")
        spec.outputLimit = 1024
        let before = residentKilobytes()
        let outcome = await ProcessRun.run(spec)
        #expect(outcome.ending == .exited(0))
        #expect(outcome.outputTotal == 200_000_004)
        #expect(outcome.outputTail.count == 1024)
        #expect(outcome.output.hasSuffix("y\nend\n"))
        #expect(residentKilobytes() - before < 32 * 1024)
    }

    @Test func childThatNeverReadsItsInputDoesNotBlock() async {
        var spec = shell("exit 0")
        spec.standardInput = [UInt8](repeating: 65, count: 4_000_000)
        #expect(await ProcessRun.run(spec).ending == .exited(0))
        spec.arguments = ["sleep", "100"]
        spec.timeout = .milliseconds(200)
        #expect(await ProcessRun.run(spec).ending == .timedOut)
    }

    @Test func missingThingsAreNamed() async {
        func ending(_ change: (inout ProcessSpec) -> Void) async -> ChildEnding {
            var spec = shell("exit 0")
            change(&spec)
            return await ProcessRun.run(spec).ending
        }
        #expect(
            await ending { $0.arguments = ["no-such-program"] }
                == .failedToStart(
                    "exec: \"no-such-program\": executable file not found in $PATH"))
        #expect(
            await ending { $0.arguments = ["/no/such"] }
                == .failedToStart("fork/exec /no/such: no such file or directory"))
        #expect(
            await ending { $0.arguments = ["/etc/passwd"] }
                == .failedToStart("fork/exec /etc/passwd: permission denied"))
        #expect(
            await ending { $0.workingDirectory = "/no/folder" }
                == .failedToStart("chdir /no/folder: no such file or directory"))
        #expect(
            await ending { $0.user = "nobody-at-all" }
                == .failedToStart("unknown user nobody-at-all"))
        #expect(await ending { $0.arguments = [] } == .failedToStart("exec: no command"))
    }

    @Test(.enabled(if: geteuid() == 0)) func childRunsAsTheRequestedUser() async {
        var spec = ProcessSpec(["id", "-un"])
        spec.user = "nobody"
        #expect(await ProcessRun.run(spec).output == "nobody\n")
    }

    @Test func cancellingTheTaskKillsTheChild() async {
        let task = Task { await ProcessRun.run(shell("sleep 100")) }
        task.cancel()
        #expect(await task.value.ending == .cancelled)
    }

    @Test func childHasThreeDescriptorsAndDefaultSignals() async {
        let outcome = await ProcessRun.run(
            shell("ls /proc/self/fd | wc -l; kill -PIPE $$; echo survived"))
        // Three, and the one with which `ls` reads the folder. SIGPIPE, which this process ignores,
        // ends the child.
        #expect(outcome.output == "4\n")
        #expect(outcome.ending == .signalled(SIGPIPE))
    }

    @Test func descriptorsStayFlatAndSpawnsAreQuick() async {
        _ = await ProcessRun.run(shell("exit 0"))
        let before = openDescriptors()
        var spans: [GoDuration] = []
        for round in 0..<20 {
            await withTaskGroup(of: GoDuration.self) { group in
                for child in 0..<10 {
                    group.addTask {
                        var spec = ProcessSpec([round % 2 == 0 ? "true" : "/bin/no-such"])
                        spec.standardInput = child == 0 ? [65] : []
                        return await ProcessRun.run(spec).duration
                    }
                }
                for await span in group { spans.append(span) }
            }
        }
        // Other tests have some open meanwhile; a leak would leave hundreds.
        #expect(await eventually { openDescriptors() < before + 50 })
        #expect(spans.sorted()[190] < .milliseconds(500))
        #expect(await eventually { !hasZombie() })
    }
}

private func hasZombie() -> Bool {
    var info = siginfo_t()
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo != 0
}

func isZombie(_ pid: Int32) -> Bool {
    let status = (try? Files.read("/proc/\(pid)/stat", limit: 4096)) ?? []
    return String(decoding: status, as: UTF8.self).contains(") Z")
}

func residentKilobytes() -> Int {
    let bytes = (try? Files.read("/proc/self/statm", limit: 4096)) ?? []
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4
}
