/// An aggregate of values, in the form of `/v1/agent/metrics`. Durations are in milliseconds.
package struct Aggregate: Hashable, Sendable {
    package private(set) var count = 0
    package private(set) var sum = 0.0
    package private(set) var least = 0.0
    package private(set) var largest = 0.0
    private var sumOfSquares = 0.0
    /// The arrival of the last value, in nanoseconds since 1970.
    package private(set) var updated: Int64 = 0

    package init() {}

    /// Adds a number of events, each with the value 1.
    package mutating func add(events: Int, at updated: Int64) {
        guard events > 0 else { return }
        add(count: events, sum: Double(events), 1, 1, squares: Double(events), updated)
    }

    package mutating func add(_ timing: TimingReading, at updated: Int64) {
        let unit = 1e6  // nanoseconds to milliseconds
        add(
            count: timing.count, sum: Double(timing.sum) / unit,
            Double(timing.least) / unit, Double(timing.largest) / unit,
            squares: timing.sumOfSquares / unit / unit, updated)
    }

    private mutating func add(
        count more: Int, sum added: Double, _ low: Double, _ high: Double, squares: Double,
        _ at: Int64
    ) {
        least = count == 0 ? low : min(least, low)
        largest = count == 0 ? high : max(largest, high)
        count += more
        sum += added
        sumOfSquares += squares
        updated = at
    }

    package var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The standard deviation of the sample: 0 where all values are equal.
    package var deviation: Double {
        guard count > 1, least < largest else { return 0 }
        let n = Double(count)
        return (max(0, n * sumOfSquares - sum * sum) / (n * (n - 1))).squareRoot()
    }
}
