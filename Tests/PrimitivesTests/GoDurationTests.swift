import Primitives
import Testing

@Suite struct GoDurationTests {
    @Test(arguments: [
        ("0", Int64(0), "0s"), ("1h2m3s", 3_723_000_000_000, "1h2m3s"),
        ("250ms", 250_000_000, "250ms"), ("1.5s", 1_500_000_000, "1.5s"),
        ("10m", 600_000_000_000, "10m0s"), ("-4us", -4_000, "-4µs"),
        ("90s", 90_000_000_000, "1m30s"),
        ("1h", 3_600_000_000_000, "1h0m0s"), ("7ns", 7, "7ns"), (".5s", 500_000_000, "500ms"),
    ])
    func readsAndPrintsAsGo(_ text: String, _ nanoseconds: Int64, _ printed: String) {
        let duration = GoDuration(text)
        #expect(duration?.nanoseconds == nanoseconds)
        #expect(duration?.description == printed)
    }

    @Test(arguments: ["", "10", "s", "1x", "1 s", "9223372036854775807h", "--1s", "."])
    func refusesWhatGoRefuses(_ text: String) {
        #expect(GoDuration(text) == nil)
    }
}
