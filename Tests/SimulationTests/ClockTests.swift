import Primitives
import SimulationKit
import Testing

@Suite struct ClockTests {
    @Test func timeNeverGoesBack() {
        var clock = SimulatedClock(now: Instant(nanoseconds: 10))
        clock.advance(to: Instant(nanoseconds: 5))
        #expect(clock.now == Instant(nanoseconds: 10))
    }
}
