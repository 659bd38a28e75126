import CheckTTL
import ConsulModel
import PluginAPI
import PluginKit
import Primitives
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct TTLCheckTests {
    private let type = TTLCheckType()
    private var definition: CheckDefinition {
        var definition = CheckDefinition()
        definition.ttl = .seconds(30)
        return definition
    }

    @Test func claimsATTLWithoutInterval() {
        #expect(type.kind == "ttl")
        #expect(type.claims(definition))
        var polled = definition
        polled.interval = .seconds(1)
        #expect(!type.claims(polled))
        var negative = definition
        negative.ttl = .seconds(-1)
        #expect(
            type.problems(in: negative) == [
                DefinitionProblem("ttl", "TTL must be > 0 for TTL checks", .refuses)
            ])
    }

    @Test func expiresWithoutAHeartbeatAndWithTheLastOutput() async throws {
        let clock = FakeClock()
        var script = Scripted()
        script.clock = clock
        let check = try type.pushed(definition, script)
        let received = Recorder<CheckObservation>()
        let running = Task { await check.run { received.add($0) } }
        try await eventually("it waits") { clock.waits == [.seconds(30)] }
        clock.advance(by: .seconds(29))
        #expect(received.values.isEmpty)
        clock.advance(by: .seconds(1))
        try await eventually("it expires") { received.values.count == 1 }
        #expect(received.values[0] == CheckObservation(.critical, "TTL expired", isFinal: true))

        #expect(check.heartbeat(CheckObservation(.passing, "alive")))
        #expect(received.values.count == 2)  // before the caller continues
        #expect(received.values[1] == CheckObservation(.passing, "alive"))
        // A heartbeat in time postpones the expiry.
        clock.advance(by: .seconds(20))
        #expect(check.heartbeat(CheckObservation(.warning, "tired")))
        clock.advance(by: .seconds(10))
        try await eventually("it waits for the later end") { clock.waits == [.seconds(20)] }
        clock.advance(by: .seconds(19))
        #expect(received.values.count == 3)
        clock.advance(by: .seconds(1))
        try await eventually("it expires again") { received.values.count == 4 }
        #expect(
            received.values[3]
                == CheckObservation(
                    .critical, "TTL expired (last output before timeout follows): tired",
                    isFinal: true))
        running.cancel()
        await running.value
    }

    /// The head remains, in Consul's words.
    @Test func longOutputKeepsItsHead() throws {
        var script = Scripted()
        script.clock = FakeClock()
        let check = try type.pushed(definition, script)
        let received = Recorder<CheckObservation>()
        check.attach { received.add($0) }
        let output = String(repeating: "a", count: script.outputMax) + "END"
        #expect(check.heartbeat(CheckObservation(.passing, output)))
        #expect(
            received.values.map { $0.output } == [
                String(repeating: "a", count: script.outputMax)
                    + " ... (captured \(script.outputMax) of \(script.outputMax + 3) bytes)"
            ])
    }

    @Test func stoppedCheckReportsNothing() async throws {
        let clock = FakeClock()
        var script = Scripted()
        script.clock = clock
        let check = try type.pushed(definition, script)
        let received = Recorder<CheckObservation>()
        let running = Task { await check.run { received.add($0) } }
        try await eventually("it waits") { clock.waits.count == 1 }
        running.cancel()
        await running.value
        try await eventually("no query waits") { clock.waits.isEmpty }
        clock.advance(by: .seconds(60))
        #expect(received.values.isEmpty)
    }
}
