import Testing

@testable import Platform

@Suite struct SystemClockTests {
    @Test func wallTimeIsWrittenInUTCWithMilliseconds() {
        let text = SystemClock.wallText(unixNanoseconds: 1_795_227_300_123_999_999)
        #expect(text == "2026-11-21T02:15:00.123Z")
    }
}
