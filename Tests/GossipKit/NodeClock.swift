internal import Primitives

/// A node's own clock: it began at another time, and is faster or slower than the simulation's.
struct NodeClock: Sendable {
    var offset = GoDuration.zero
    /// Nanoseconds too fast per millisecond.
    var drift: Int64 = 0

    private static let scale: Int64 = 1_000_000

    func local(_ time: Instant) -> Instant {
        let gained = time.nanoseconds / Self.scale * drift
        return Instant(nanoseconds: time.nanoseconds + gained) + offset
    }

    /// Returns the first time of the simulation at which the clock has reached an instant.
    func global(_ local: Instant) -> Instant {
        let own = (local - .zero - offset).nanoseconds
        var time = own - own / (Self.scale + drift) * drift
        while self.local(Instant(nanoseconds: time)) < local { time += 1000 }
        return Instant(nanoseconds: time)
    }
}
