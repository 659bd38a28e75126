/// Holds the last minute, in intervals of 10 seconds.
package struct IntervalMemory: Sendable {
    package struct Interval: Sendable {
        /// Seconds since 1970; a multiple of 10.
        package var start: Int64
        package var gauges: [Series: Double] = [:]
        package var counters: [Series: Aggregate] = [:]
        package var samples: [Series: Aggregate] = [:]

        init(start: Int64) { self.start = start }
    }

    /// Oldest first; the last one is under way.
    package private(set) var intervals: [Interval] = []
    private var lastCollected: Int64?

    package init() {}

    /// Adds the readings since the last call. They count to the interval in which that period
    /// began, so collecting at the end of each interval is exact.
    /// - Parameter now: nanoseconds since 1970.
    package mutating func add(_ readings: [(MetricReading, Series)], at now: Int64) {
        let length = Limits.intervalSeconds
        let current = now / 1_000_000_000 / length * length
        let last = lastCollected.map { max($0, current - length) } ?? current
        lastCollected = current
        begin(last)
        for (reading, series) in readings {
            let last = intervals.count - 1
            switch reading.value {
            case .gauge(let value): intervals[last].gauges[series] = value
            case .count(0): break
            case .count(let events):
                intervals[last].counters[series, default: Aggregate()].add(
                    events: events, at: now)
            case .timing(let timing):
                intervals[last].samples[series, default: Aggregate()].add(timing, at: now)
            }
        }
        begin(current)
    }

    private mutating func begin(_ start: Int64) {
        if let last = intervals.last, last.start >= start { return }
        intervals.append(Interval(start: start))
        let oldest = start - Int64(Limits.intervalsKept - 1) * Limits.intervalSeconds
        intervals.removeAll { $0.start < oldest }
    }

    /// The interval to show: the newest that is over, or the first one while it is under way.
    package var shown: Interval? {
        intervals.count < 2 ? intervals.last : intervals[intervals.count - 2]
    }
}

/// The dump after SIGUSR1: a line for each value of the intervals that are over, in Consul's form.
package enum IntervalText {
    package static func lines(of memory: IntervalMemory) -> [String] {
        memory.intervals.dropLast().flatMap { interval -> [String] in
            let time = WallText.go(interval.start)
            var lines: [String] = []
            for (series, value) in sorted(interval.gauges) {
                lines.append("[\(time)][G] '\(flat(series))': \(fixed(value))")
            }
            for (series, value) in sorted(interval.counters) {
                lines.append("[\(time)][C] '\(flat(series))': \(text(value))")
            }
            for (series, value) in sorted(interval.samples) {
                lines.append("[\(time)][S] '\(flat(series))': \(text(value))")
            }
            return lines
        }
    }

    private static func sorted<Value>(_ values: [Series: Value]) -> [(key: Series, value: Value)] {
        values.sorted { Series.precedes($0.key, $1.key) }
    }

    private static func flat(_ series: Series) -> String {
        ([series.name] + series.labels.map { $0.value }).joined(separator: ".")
    }

    private static func text(_ value: Aggregate) -> String {
        let updated = "LastUpdated: \(WallText.go(value.updated / 1_000_000_000))"
        if value.deviation == 0 {
            return "Count: \(value.count) Sum: \(fixed(value.sum)) \(updated)"
        }
        return "Count: \(value.count) Min: \(fixed(value.least)) Mean: \(fixed(value.mean)) "
            + "Max: \(fixed(value.largest)) Stddev: \(fixed(value.deviation)) "
            + "Sum: \(fixed(value.sum)) \(updated)"
    }

    private static func fixed(_ value: Double) -> String { Decimal.fixed(value, places: 3) }
}
