import Glibc
import Primitives
import Testing

@testable import Platform

@Suite(.serialized, .timeLimit(.minutes(1))) struct ChildProcessTests {
    @Test func linesAreEchoed() async throws {
        let child = try ChildProcess.start(ProcessSpec(["cat"]))
        try await child.send(Array("first".utf8))
        try await child.send(Array("second".utf8))
        child.closeInput()
        var received: [String] = []
        for await line in child.lines { received.append(line.text) }
        #expect(received == ["first", "second"])
        #expect(await child.exit() == .exited(0))
        await #expect(throws: ChildProcessError.closed) { try await child.send([65]) }
    }

    @Test func errorLinesAreReportedSeparately() async throws {
        let (errors, continuation) = AsyncStream.makeStream(of: String.self)
        let child = try ChildProcess.start(shell("echo a; echo b >&2; printf c >&2")) {
            continuation.yield($0.text)
        }
        #expect(await child.exit() == .exited(0))
        continuation.finish()
        var received: [String] = []
        for await line in errors { received.append(line) }
        #expect(received == ["b", "c"])
    }

    @Test func terminateEndsAStubbornChild() async throws {
        var spec = shell("trap '' TERM; echo ready; while :; do sleep 1; done")
        spec.killTimeout = .milliseconds(100)
        let child = try ChildProcess.start(spec)
        var lines = child.lines.makeAsyncIterator()
        #expect(await lines.next()?.text == "ready")
        #expect(await child.terminate() == .signalled(SIGKILL))
        #expect(await lines.next() == nil)
    }

    @Test func slowReaderOfLinesPausesTheChild() async throws {
        let child = try ChildProcess.start(shell("seq 1 200000"))
        var sum = 0
        for await line in child.lines { sum += Int(line.text) ?? 0 }
        #expect(sum == 200_000 * 200_001 / 2)
        #expect(await child.exit() == .exited(0))
    }

    @Test func senderWaitsForAChildThatDoesNotRead() async throws {
        let child = try ChildProcess.start(shell("sleep 100"))
        let line = [UInt8](repeating: 65, count: 900_000)
        try await child.send(line)
        let waiting = Task { for _ in 0..<5 { try await child.send(line) } }
        await child.terminate(signal: SIGKILL)
        let result = await waiting.result
        #expect(throws: ChildProcessError.closed) { try result.get() }
    }

    @Test func overlongLineIsCut() async throws {
        let size = Limits.lineBytesMax + 5000
        let child = try ChildProcess.start(shell("head -c \(size) /dev/zero; echo; echo next"))
        var lines = child.lines.makeAsyncIterator()
        let first = await lines.next()
        #expect(first?.isTruncated == true && first?.bytes.count == Limits.lineBytesMax)
        #expect(await lines.next()?.text == "next")
    }

    @Test func missingProgramIsNamed() {
        #expect(
            throws: ChildProcessError.failedToStart(
                "fork/exec /no/such: no such file or directory")
        ) { try ChildProcess.start(ProcessSpec(["/no/such"])) }
    }

    @Test func droppingTheLastReferenceEndsTheChild() async throws {
        var child: ChildProcess? = try ChildProcess.start(shell("sleep 100"))
        let pid = try #require(child?.processIdentifier)
        child = nil
        #expect(await eventually { !isAlive(pid) })
    }
}
