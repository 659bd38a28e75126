import Primitives
import Testing

@testable import ConsulAgent

/// Waits for a condition, with a bound.
func eventually(
    within limit: GoDuration = .seconds(20), _ what: String, _ condition: () -> Bool
) async {
    let clock = RealClock()
    let deadline = clock.now() + limit
    while !condition() {
        guard clock.now() < deadline else {
            Issue.record("not within \(limit): \(what)")
            return
        }
        await clock.sleep(until: clock.now() + .milliseconds(2))
    }
}
