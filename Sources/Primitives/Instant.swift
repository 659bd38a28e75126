/// A point on a monotonic clock, in nanoseconds since an arbitrary start.
///
/// Floors 0–2 never read a clock: callers pass an `Instant` to them. The real one comes from
/// Platform's `SystemClock`, the simulated one from the tests.
public struct Instant: Comparable, Hashable, Sendable, CustomStringConvertible {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = Instant(nanoseconds: 0)
    public static let distantFuture = Instant(nanoseconds: .max)

    public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates at `distantFuture`, so that an unlimited wait needs no special case.
    public static func + (instant: Instant, wait: GoDuration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(wait.nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    public static func - (later: Instant, earlier: Instant) -> GoDuration {
        GoDuration(nanoseconds: later.nanoseconds - earlier.nanoseconds)
    }

    public var description: String { GoDuration(nanoseconds: nanoseconds).description }
}
