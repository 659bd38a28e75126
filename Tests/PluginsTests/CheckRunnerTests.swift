import ConsulModel
import LocalAgent
import Logging
import PluginAPI
import PluginKit
import Primitives
import Synchronization
import TestKit
import Testing

@testable import LocalAgent

/// A check that answers by a script and repeats the last answer. On request it never ends.
private final class TestCheck: PolledCheck {
    private let answers: Mutex<[CheckObservation]>
    private let hangs: Bool
    private let parked = Mutex<[CheckedContinuation<Void, Never>]>([])
    let timeouts = Recorder<GoDuration>()

    init(_ answers: [CheckObservation], hangs: Bool = false) {
        self.answers = Mutex(answers)
        self.hangs = hangs
    }

    func probe(timeout: GoDuration) async -> CheckObservation {
        timeouts.add(timeout)
        if hangs {
            // It ignores even the cancellation of its task.
            await withCheckedContinuation { continuation in
                parked.withLock { $0.append(continuation) }
            }
        }
        return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    func release() {
        for continuation in parked.withLock({ parked in
            defer { parked = [] }
            return parked
        }) { continuation.resume() }
    }
}

private let pass = CheckObservation(.passing, "ok")
private let warn = CheckObservation(.warning, "hm")
private let fail = CheckObservation(.critical, "no")

@Suite(.timeLimit(.minutes(1))) struct CheckRunnerTests {
    private let clock = FakeClock()
    private let received = Recorder<String>()

    private func runner(
        _ check: TestCheck, outputMax: Int = 4096,
        _ change: (inout CheckDefinition) -> Void = { _ in }
    ) -> CheckRunner {
        var definition = CheckDefinition()
        definition.id = "c"
        definition.interval = .seconds(10)
        change(&definition)
        return CheckRunner(
            definition, instance: .polled(check), clock: clock, outputMax: outputMax,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { [received] status, output in received.add("\(status.rawValue) \(output)") }
    }

    private func waits(_ wait: GoDuration) async throws {
        try await eventually("it waits \(wait), not \(clock.waits)") { clock.waits == [wait] }
    }

    @Test func probesAfterTheStaggerAndThenAtTheInterval() async throws {
        let check = TestCheck([pass, fail])
        let runner = runner(check)
        runner.start(stagger: .seconds(3))
        try await waits(.seconds(3))
        #expect(check.timeouts.values.isEmpty)
        clock.advance(by: .seconds(3))
        try await waits(.seconds(10))
        #expect(received.values == ["passing ok"])
        #expect(check.timeouts.values == [.seconds(10)])
        clock.advance(by: .seconds(9))
        #expect(check.timeouts.values.count == 1)
        clock.advance(by: .seconds(1))
        try await eventually("it probes again") { received.values.count == 2 }
        #expect(received.values[1] == "critical no")
        runner.stop()
        try await eventually("no query waits") { clock.waits.isEmpty }
    }

    @Test func runOnRegisterProbesAtOnce() async throws {
        let runner = runner(TestCheck([pass])) { $0.runOnRegister = true }
        runner.start(stagger: .seconds(9))
        try await eventually("it probes") { received.values == ["passing ok"] }
        try await waits(.seconds(10))
        runner.stop()
    }

    @Test func initialDelayReplacesTheStagger() async throws {
        let runner = runner(TestCheck([pass])) {
            $0.runOnRegister = true
            $0.initialDelay = .seconds(7)
        }
        runner.start(stagger: .seconds(1))
        try await waits(.seconds(7))
        #expect(received.values.isEmpty)
        runner.stop()
    }

    @Test func intervalIsAtLeastASecond() async throws {
        let runner = runner(TestCheck([pass])) {
            $0.interval = .milliseconds(1)
            $0.runOnRegister = true
        }
        runner.start(stagger: .zero)
        try await waits(.seconds(1))
        runner.stop()
    }

    @Test func thresholdsDelayBothDirections() async throws {
        let check = TestCheck([pass, fail, fail, fail, pass, warn, pass, pass])
        let runner = runner(check) {
            $0.runOnRegister = true
            $0.failuresBeforeWarning = 2
            $0.failuresBeforeCritical = 3
            $0.successBeforePassing = 2
        }
        runner.start(stagger: .zero)
        for count in 1...8 {
            try await eventually("probe \(count)") { check.timeouts.values.count == count }
            try await waits(.seconds(10))
            clock.advance(by: .seconds(10))
        }
        try await eventually("all are reported") { received.values.count >= 6 }
        #expect(
            received.values.prefix(6) == [
                "passing ok", "warning no", "critical no", "warning hm", "passing ok", "passing ok",
            ])
        runner.stop()
    }

    @Test func probeBeyondItsTimeoutIsAbandoned() async throws {
        let check = TestCheck([pass], hangs: true)
        let runner = runner(check) {
            $0.runOnRegister = true
            $0.timeout = .seconds(2)
            $0.failuresBeforeCritical = 5
        }
        runner.start(stagger: .zero)
        // The timeout and the grace period.
        try await waits(.seconds(7))
        clock.advance(by: .seconds(7))
        try await eventually("it is abandoned") { received.values.count == 1 }
        #expect(received.values == ["critical check gave no answer within 2s"])
        try await waits(.seconds(10))
        // A later answer is ignored.
        check.release()
        clock.advance(by: .seconds(10))
        try await eventually("it is probed again") { check.timeouts.values.count == 2 }
        #expect(received.values.count == 1)
        runner.stop()
        check.release()
    }

    @Test func stopDuringAProbeReportsNothing() async throws {
        let check = TestCheck([pass], hangs: true)
        let runner = runner(check) { $0.runOnRegister = true }
        runner.start(stagger: .zero)
        try await eventually("it probes") { check.timeouts.values.count == 1 }
        runner.stop()
        try await eventually("no query waits") { clock.waits.isEmpty }
        check.release()
        #expect(received.values.isEmpty)
        #expect(await runner.runNow()?.output == "check was removed")
    }

    @Test func runNowDoesNotWaitForTheInterval() async throws {
        let runner = runner(TestCheck([pass, fail]))
        runner.start(stagger: .seconds(5))
        try await waits(.seconds(5))
        #expect(await runner.runNow() == pass)
        try await waits(.seconds(10))
        #expect(await runner.runNow() == fail)
        #expect(received.values == ["passing ok", "critical no"])
        runner.stop()
    }

    @Test func outputIsCutToItsEnd() async throws {
        // The plugin's own text may precede the target's output, so there is room for both.
        let room = 4 + LocalAgent.Limits.checkOutputHeadMax
        let flood = String(repeating: "x", count: 5000) + "6789"
        let runner = runner(TestCheck([CheckObservation(.passing, flood)]), outputMax: 4) {
            $0.runOnRegister = true
        }
        runner.start(stagger: .zero)
        try await eventually("it is reported") { received.values.count == 1 }
        let kept = flood.suffix(room)
        #expect(received.values == ["passing Captured \(room) of 5004 bytes\n...\n\(kept)"])
        runner.stop()
    }
}

struct CheckThresholdsTests {
    private func thresholds(_ passing: Int, _ warning: Int, _ critical: Int) -> CheckThresholds {
        var definition = CheckDefinition()
        definition.successBeforePassing = passing
        definition.failuresBeforeWarning = warning
        definition.failuresBeforeCritical = critical
        return CheckThresholds(definition)
    }

    @Test func firstResultCountsAtOnce() {
        var failing = thresholds(3, 0, 3)
        #expect(failing.receive(fail) == .critical)
        var passing = thresholds(3, 0, 3)
        #expect(passing.receive(pass) == .passing)
    }

    @Test func finalResultSkipsTheThresholds() {
        var thresholds = thresholds(0, 0, 3)
        #expect(thresholds.receive(pass) == .passing)
        #expect(thresholds.receive(fail) == nil)
        #expect(thresholds.receive(CheckObservation(.critical, "", isFinal: true)) == .critical)
    }

    @Test func warningComesNoLaterThanCritical() {
        var thresholds = thresholds(0, 9, 2)
        #expect(thresholds.receive(pass) == .passing)
        #expect(thresholds.receive(fail) == nil)
        #expect(thresholds.receive(fail) == .critical)
    }
}
