package import Primitives

/// Time that moves when a test moves it.
package struct SimulatedClock: Sendable {
    package private(set) var now: Instant

    package init(now: Instant) { self.now = now }

    package mutating func advance(to instant: Instant) { now = max(now, instant) }
}
