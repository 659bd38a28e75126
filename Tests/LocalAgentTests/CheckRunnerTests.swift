import ConsulModel
import LocalAgent
import PluginAPI
import Primitives
import Synchronization
import TestKit
import Testing

/// One check's loop, on a manual clock.
@Suite struct CheckRunnerTests {
    private final class Scene: Sendable {
        let clock = ManualClock()
        let type = ScriptedChecks()
        let runner: CheckRunner
        let reports = Mutex<[String]>([])

        init(
            _ definition: CheckDefinition, outputMax: Int = 4096, instance: CheckInstance? = nil
        ) {
            let (clock, type) = (clock, type)
            let none = NoCapabilities()
            let context = CheckContext(
                checkID: "c", nodeName: "here", outputMax: outputMax, processes: none,
                http: none, network: none, clock: clock, checks: none)
            let reference = SceneReference()
            runner = CheckRunner(
                definition, instance: instance ?? type.make(definition, in: context),
                clock: clock, outputMax: outputMax, logger: silentLogger
            ) { status, output in
                reference.scene?.reports.withLock { $0.append("\(status) \(output)") }
            }
            reference.take(self)
        }

        func probes(_ count: Int) async throws {
            try await eventually("\(count) probes") { type.count("c") >= count }
            try await eventually("their results") { reports.withLock { $0.count } >= count }
        }

        /// Advances to the next probe once the last is over.
        func pass(_ length: GoDuration) async throws {
            try await eventually("it waits") { clock.sleepers(within: length) > 0 }
            clock.advance(length)
        }
    }

    private final class SceneReference: Sendable {
        private let held = Mutex<Scene?>(nil)
        var scene: Scene? { held.withLock { $0 } }
        func take(_ scene: Scene) { held.withLock { $0 = scene } }
    }

    private func definition(_ change: (inout CheckDefinition) -> Void = { _ in })
        -> CheckDefinition
    {
        var definition = CheckDefinition()
        definition.id = "c"
        definition.args = ["x"]
        definition.interval = .seconds(10)
        change(&definition)
        return definition
    }

    @Test func firstProbeIsStaggeredAndTheOthersFollowTheInterval() async throws {
        let scene = Scene(definition())
        scene.runner.start(stagger: .seconds(3))
        try await scene.pass(.seconds(3))
        try await scene.probes(1)
        for count in 2...5 {
            try await scene.pass(.seconds(10))
            try await scene.probes(count)
        }
        scene.runner.stop()
        #expect(scene.type.count("c") == 5)
    }

    @Test func intervalBelowASecondIsASecond() async throws {
        let scene = Scene(definition { $0.interval = .milliseconds(1) })
        scene.runner.start(stagger: .zero)
        try await scene.probes(1)
        try await scene.pass(.seconds(1))
        try await scene.probes(2)
        scene.runner.stop()
    }

    @Test func runNowAlwaysReturnsAnAnswer() async throws {
        let scene = Scene(definition { $0.interval = .hours(1) })
        scene.runner.start(stagger: .hours(1))
        for _ in 0..<200 {
            let all = await withTaskGroup(of: CheckObservation?.self) { group in
                for _ in 0..<3 { group.addTask { await scene.runner.runNow() } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(all.allSatisfy { $0?.status == .passing })
        }
        async let last = scene.runner.runNow()
        scene.runner.stop()
        #expect(await last != nil)
        #expect(await scene.runner.runNow()?.output == "check was removed")
    }

    @Test func probeWithoutEndIsAbandoned() async throws {
        struct Hangs: PolledCheck {
            func probe(timeout: GoDuration) async -> CheckObservation {
                // Not even a cancellation ends it.
                await withUnsafeContinuation { (_: UnsafeContinuation<CheckObservation, Never>) in }
            }
        }
        let scene = Scene(definition { $0.timeout = .seconds(2) }, instance: .polled(Hangs()))
        scene.runner.start(stagger: .zero)
        try await scene.pass(.seconds(2) + Limits.probeGrace)
        try await eventually("it is reported") { scene.reports.withLock { !$0.isEmpty } }
        #expect(scene.reports.withLock { $0 } == ["critical check gave no answer within 2s"])
        scene.runner.stop()
    }

    @Test func outputIsBounded() async throws {
        let scene = Scene(definition(), outputMax: 10)
        let long = String(repeating: "x", count: 100_000)
        scene.type.answer.withLock { $0 = CheckObservation(.warning, long) }
        scene.runner.start(stagger: .zero)
        try await scene.probes(1)
        scene.runner.stop()
        let report = scene.reports.withLock { $0[0] }
        #expect(report.utf8.count < 10 + Limits.checkOutputHeadMax + 100)
        #expect(report.contains("of 100000 bytes"))
    }
}
