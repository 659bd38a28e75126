/// A repeatable generator: SplitMix64 (Steele, Lea and Flood, 2014).
///
/// The same seed gives the same sequence on every machine. The agent seeds it once from the system;
/// tests and simulations seed it by number. Not for secrets.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Returns a duration uniform over `0 ..< limit`; zero when the limit is not positive.
    public mutating func duration(below limit: GoDuration) -> GoDuration {
        guard limit.nanoseconds > 0 else { return .zero }
        return GoDuration(nanoseconds: Int64.random(in: 0..<limit.nanoseconds, using: &self))
    }
}
