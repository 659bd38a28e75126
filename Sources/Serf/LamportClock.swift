/// A Lamport clock: orders messages of the pool without a common clock (Lamport, "Time, Clocks and
/// the Ordering of Events in a Distributed System", 1978). Starts at 1, so that 0 is before all.
package struct LamportClock: Sendable, Hashable {
    package private(set) var time: UInt64 = 1

    package init() {}

    /// Advances the clock after its time was used in a message. Stays at the end of the range.
    package mutating func increment() {
        if time < .max { time += 1 }
    }

    /// Moves the clock past a time that was received.
    package mutating func witness(_ other: UInt64) {
        guard other >= time else { return }
        time = other
        increment()
    }

    /// Returns whether a received time is believable: not more than `Limits.clockLeadMax` ahead.
    package func admits(_ other: UInt64) -> Bool {
        other <= time || other - time <= Limits.clockLeadMax
    }
}
