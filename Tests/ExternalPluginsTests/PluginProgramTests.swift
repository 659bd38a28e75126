import ConsulModel
import Glibc
import PluginAPI
import Primitives
import TestKit
import Testing
import Wire

@testable import ConsulAgent
@testable import ExternalPlugins

/// Real programs, correct and faulty.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PluginProgramTests {
    @Test func goodProgramAnswersAndIsGoneAfterStop() async throws {
        let bench = try Bench()
        let file = bench.folder.program("good", script("good", goodBranch))
        let registry = try await bench.load([file])
        #expect(bench.status().state == "loaded")
        #expect(bench.status().name == "good")
        #expect(bench.status().version == "1.2")
        #expect(bench.status().provides == ["check:good"])
        #expect(try await bench.probe("good", registry) == CheckObservation(.passing, "fine"))
        let pid = bench.pid(of: file)
        #expect(isAlive(pid))
        await bench.programs.stop()
        try await eventually("it is gone") { !isAlive(pid) }
        #expect(bench.programs.statuses.isEmpty)
    }

    @Test func defaultsOfTheSchemaReachTheProgram() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*'"config":{"mode":"plain"}'*) result "$(id "$line")" passing plain ;;
            '{"type":"probe",'*'"config":{"mode":"odd"}'*) result "$(id "$line")" warning odd ;;
            """
        let registry = try await bench.load([bench.folder.program("m", script("m", branch))])
        #expect(try await bench.probe("m", registry) == CheckObservation(.passing, "plain"))
        let odd = try await bench.probe("m", registry, config: ["mode": .string("odd")])
        #expect(odd == CheckObservation(.warning, "odd"))
        await bench.programs.stop()
    }

    @Test func severalProbesAreUnderWayAtOnce() async throws {
        let bench = try Bench()
        // The first is answered only after the second.
        let branch = """
            '{"type":"probe",'*)
              if [ -z "$first" ]; then first=$(id "$line"); else
              result "$(id "$line")" passing second; result "$first" warning first; fi ;;
            """
        let registry = try await bench.load([bench.folder.program("two", script("two", branch))])
        async let one = bench.probe("two", registry)
        async let other = bench.probe("two", registry)
        let both = try await [one, other].map { $0.output }.sorted()
        #expect(both == ["first", "second"])
        await bench.programs.stop()
    }

    @Test func programThatHangsAtHandshakeIsFailedAndKilled() async throws {
        let bench = try Bench { $0.handshake = .milliseconds(300) }
        let file = bench.folder.program("hang", "echo $$ >\"$0.pid\"; exec sleep 1000")
        _ = try await bench.load([file])
        #expect(bench.status().state == "failed")
        #expect(bench.status().error == "no hello within 300ms")
        try await eventually("it is gone") { !isAlive(bench.pid(of: file)) }
        await bench.programs.stop()
    }

    @Test func programThatDiesAtOnceIsFailedWithItsLastOutput() async throws {
        let bench = try Bench()
        let file = bench.folder.program("dead", "echo no such library >&2; exit 3")
        _ = try await bench.load([file])
        #expect(bench.status().state == "failed")
        #expect(
            bench.status().error == "the program ended: exit status 3; stderr: no such library")
        await bench.programs.stop()
    }

    @Test func wrongProtocolVersionIsRefused() async throws {
        let bench = try Bench()
        let file = bench.folder.program("new", "\(helloLine("new", protocol: 2)); cat >/dev/null")
        _ = try await bench.load([file])
        #expect(bench.status().state == "failed")
        #expect(bench.status().error == "it speaks protocol 2, this agent speaks 1")
        await bench.programs.stop()
    }

    @Test func probeThatHangsTimesOutAndIsCancelled() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*) printf '{"type":"log","id":%s,' "$(id "$line")"
              echo '"message":"half way"}' ;;
            '{"type":"cancel",'*) id "$line" >"$0.cancelled" ;;
            """
        let file = bench.folder.program("slow", script("slow", branch))
        let registry = try await bench.load([file])
        // On a busy machine the program may not write its line within the shortest time.
        var found = CheckObservation(.passing, "")
        for milliseconds in [300, 3_000, 10_000] as [Int64] {
            let timeout = GoDuration.milliseconds(milliseconds)
            found = try await bench.probe("slow", registry, timeout: timeout)
            let start = "Timed out (\(timeout)) running check"
            #expect(found.status == .critical && found.isFinal)
            #expect(found.output.hasPrefix(start))
            if found.output == "\(start); its last line: half way" { break }
        }
        #expect(found.output.hasSuffix("; its last line: half way"))
        try await eventually("the cancel arrives") {
            bench.folder.read("slow.cancelled").hasPrefix("1")
        }
        await bench.programs.stop()
    }

    @Test func silentProgramIsKilledAfterSeveralTimeOuts() async throws {
        let bench = try Bench()
        let file = bench.folder.program("mute", script("mute", ""))
        let registry = try await bench.load([file])
        for _ in 0..<3 {
            _ = try await bench.probe("mute", registry, timeout: .milliseconds(50))
        }
        try await eventually("it is started again") { bench.status().restarts >= 1 }
        #expect(bench.status().error.hasPrefix("3 requests in a row had no answer in time"))
        await bench.programs.stop()
    }

    @Test func deathDuringAProbeIsCriticalAndTheProgramRestarts() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*) if [ -e "$0.calm" ]; then result "$(id "$line")" passing calm
              else touch "$0.calm"; echo boom >&2; exit 7; fi ;;
            """
        let file = bench.folder.program("frail", script("frail", branch))
        let registry = try await bench.load([file])
        let found = try await bench.probe("frail", registry)
        #expect(found.status == .critical)
        #expect(
            found.output == "plugin program \(file.path) ended during the probe: "
                + "the program ended: exit status 7; stderr: boom")
        try await eventually("it runs again") { bench.status().state == "loaded" }
        try await eventually("it has been restarted") { bench.status().restarts == 1 }
        var healed = try await bench.probe("frail", registry)
        let deadline = RealClock().now() + .seconds(10)
        while healed.status != .passing, RealClock().now() < deadline {
            healed = try await bench.probe("frail", registry)
        }
        #expect(healed == CheckObservation(.passing, "calm"))
        await bench.programs.stop()
    }

    @Test func probesDuringAnOutageReportItsEnd() async throws {
        let bench = try Bench { times in
            times.backoffMin = .seconds(30)
            times.backoffMax = .seconds(30)
        }
        let branch = "'{\"type\":\"probe\",'*) exit 7 ;;"
        let file = bench.folder.program("gone", script("gone", branch))
        let registry = try await bench.load([file])
        _ = try await bench.probe("gone", registry)
        try await eventually("the outage is noticed") { bench.status().state == "restarting" }
        let found = try await bench.probe("gone", registry)
        #expect(found.status == .critical)
        #expect(
            found.output.hasPrefix(
                "plugin program \(file.path) is not running: the program ended: exit status 7 "
                    + "(it is started again in "))
        await bench.programs.stop()
    }

    @Test func garbageIsToleratedAtFirstThenTheProgramIsKilled() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*) echo hm; result "$(id "$line")" passing ok ;;
            """
        let noisy = bench.folder.program("noisy", "echo Welcome!\n" + script("noisy", branch))
        let chatter = bench.folder.program("chatter", script("chatter", "*probe*) yes ;;"))
        let registry = try await bench.load([chatter, noisy])
        #expect(try await bench.probe("noisy", registry).status == .passing)
        #expect(bench.log.contains { $0.contains("not understood") && $0.contains("Welcome!") })
        let found = try await bench.probe("chatter", registry)
        #expect(found.output.contains("100 lines that are not of the protocol"))
        #expect(bench.status(1).restarts == 0)
        await bench.programs.stop()
        #expect(bench.log.filter { $0.contains("not understood") }.count <= 2 * 120)
    }

    @Test func floodOnStandardErrorEndsTheProgram() async throws {
        let bench = try Bench { times in
            times.look = .milliseconds(100)
            // A few kilobytes between two checks are too many: a busy machine writes no more.
            times.window = .minutes(10)
        }
        let branch = "'{\"type\":\"probe\",'*) exec cat /dev/zero >&2 ;;"
        let registry = try await bench.load([bench.folder.program("err", script("err", branch))])
        let found = try await bench.probe("err", registry, timeout: .seconds(30))
        #expect(found.output.contains("bytes to stderr in 100ms"))
        #expect(found.output.utf8.count < 1024)
        await bench.programs.stop()
    }

    @Test func lineWithoutEndIsBoundedAndDropped() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*) head -c 3000000 /dev/zero | tr '\\\\0' x; echo
              result "$(id "$line")" passing after ;;
            """
        let registry = try await bench.load([bench.folder.program("wide", script("wide", branch))])
        #expect(try await bench.probe("wide", registry) == CheckObservation(.passing, "after"))
        #expect(bench.log.contains { $0.contains("a line of more than 1048576 bytes") })
        await bench.programs.stop()
    }

    @Test func programThatDoesNotReadIsKilled() async throws {
        let bench = try Bench { $0.send = .milliseconds(300) }
        let text = "read -r line; \(helloLine("deaf")); exec sleep 1000"
        let registry = try await bench.load([bench.folder.program("deaf", text)])
        let large = String(repeating: "x", count: 900_000)
        var found: [CheckObservation] = []
        await withTaskGroup(of: CheckObservation?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try? await bench.probe(
                        "deaf", registry, config: ["mode": .string(large)], timeout: .seconds(30))
                }
            }
            for await one in group { if let one { found.append(one) } }
        }
        #expect(found.count == 6)
        #expect(found.allSatisfy { $0.output.contains("it has not read its input for 300ms") })
        await bench.programs.stop()
    }

    @Test func childrenOfAProgramDieWithIt() async throws {
        let bench = try Bench()
        let branch = """
            '{"type":"probe",'*) sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >"$0.pid"
              result "$(id "$line")" passing started ;;
            """
        let file = bench.folder.program("nest", script("nest", branch))
        let registry = try await bench.load([file])
        _ = try await bench.probe("nest", registry)
        let grandchild = bench.pid(of: file)
        #expect(isAlive(grandchild))
        await bench.programs.stop()
        try await eventually("the grandchild is gone") { !isAlive(grandchild) }
    }

    @Test func stubbornProgramIsKilledAtStop() async throws {
        let bench = try Bench { $0.shutdown = .milliseconds(100) }
        let text = "trap '' TERM INT HUP\n" + script("stubborn", "'{\"type\":\"shutdown\"'*) ;;")
        let file = bench.folder.program("stubborn", text)
        _ = try await bench.load([file])
        let pid = bench.pid(of: file)
        #expect(isAlive(pid))
        await bench.programs.stop()
        try await eventually("it is gone") { !isAlive(pid) }
    }

    @Test func cancelledProbeReturnsAtOnce() async throws {
        let bench = try Bench()
        let registry = try await bench.load([bench.folder.program("mute", script("mute", ""))])
        let probing = Task { try await bench.probe("mute", registry, timeout: .seconds(100)) }
        probing.cancel()
        #expect(try await probing.value.output == "check was stopped")
        await bench.programs.stop()
    }

    @Test func nothingIsLeftOpenAfterManyRuns() async throws {
        let before = openDescriptors()
        for round in 0..<30 {
            let bench = try Bench { $0.handshake = .milliseconds(200) }
            let good = bench.folder.program("good", script("good", goodBranch))
            let dead = bench.folder.program("zdead", "exit \(round % 3)")
            let registry = try await bench.load([good, dead])
            _ = try await bench.probe("good", registry)
            await bench.programs.stop()
        }
        // Other tests open descriptors at the same time, but not three a round.
        try await eventually("descriptors are closed") { openDescriptors() < before + 45 }
    }

    @Test func otherKindsAfterARestartWaitForAReload() async throws {
        let bench = try Bench()
        let text = """
            kind=first; [ -e "$0.mark" ] && kind=second; touch "$0.mark"
            while read -r line; do case "$line" in
              '{"type":"hello",'*) printf '{"type":"hello","protocol":1,"name":"n","version":"1",'
                echo '"checks":[{"type":"'$kind'"}]}' ;;
              '{"type":"probe",'*) exit 5 ;;
              *) exit 0 ;;
            esac; done
            """
        let file = bench.folder.program("turn", text)
        let registry = try await bench.load([file])
        #expect(bench.status().provides == ["check:first"])
        _ = try await bench.probe("first", registry)
        try await eventually("the new kinds are noticed") {
            bench.status().error == "it provides other kinds than before: reload to install them"
        }
        try await eventually("it keeps failing") { bench.status().state == "failed" }
        _ = try await bench.load([file])
        #expect(bench.status().provides == ["check:second"])
        #expect(bench.status().state == "loaded")
        await bench.programs.stop()
    }

    @Test func stopEndsProgramsBeforeTheirHello() async throws {
        let bench = try Bench { $0.handshake = .seconds(100) }
        let file = bench.folder.program("hang", "echo $$ >\"$0.pid\"; exec sleep 1000")
        let loading = Task { await bench.programs.prepare([file], builtIn: []) }
        try await eventually("it runs") { isAlive(bench.pid(of: file)) }
        await bench.programs.stop()
        await bench.programs.release(bench.programs.install(await loading.value))
        try await eventually("it is gone") { !isAlive(bench.pid(of: file)) }
        #expect(bench.programs.statuses.isEmpty)
    }
}
