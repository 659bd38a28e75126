/// Holds the last round trips of one peer and returns their median, in seconds.
struct RecentRoundTrips: Sendable {
    private var samples: [Double] = []

    /// Adds a sample in place of the oldest, and returns the median; the greater of two.
    mutating func add(_ seconds: Double, keeping count: Int) -> Double {
        samples.append(seconds)
        if samples.count > max(1, count) { samples.removeFirst() }
        return samples.sorted()[samples.count / 2]
    }
}
