import Testing

@testable import Serf

@Suite struct LamportClockTests {
    @Test func witnessMovesPastTheOther() {
        var clock = LamportClock()
        #expect(clock.time == 1)
        clock.witness(0)
        #expect(clock.time == 1)
        clock.witness(1)
        #expect(clock.time == 2)
        clock.witness(41)
        #expect(clock.time == 42)
        clock.witness(12)
        #expect(clock.time == 42)
        clock.increment()
        #expect(clock.time == 43)
    }

    @Test func staysAtTheEndOfTheRange() {
        var clock = LamportClock()
        clock.witness(.max - 1)
        #expect(clock.time == .max)
        clock.witness(.max)
        clock.increment()
        #expect(clock.time == .max)
        #expect(clock.admits(.max))
    }

    @Test func timesFarAheadAreNotAdmitted() {
        let clock = LamportClock()
        #expect(clock.admits(0))
        #expect(clock.admits(1 + Limits.clockLeadMax))
        #expect(!clock.admits(2 + Limits.clockLeadMax))
        #expect(!clock.admits(.max))
    }
}
