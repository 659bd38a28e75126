/// Holds the totals since the agent's start, for Prometheus.
package struct RunningTotals: Sendable {
    package struct Total: Sendable {
        package var help: String
        package var value: Value
        /// The arrival of the last value, in nanoseconds since 1970.
        package var updated: Int64
    }
    package enum Value: Sendable {
        case gauge(Double)
        case counter(Int)
        /// The durations of a timing.
        /// - Parameters:
        ///   - sum: in nanoseconds.
        ///   - recent: the last ten to twenty seconds, for the quantiles; nil when there were none.
        case summary(count: Int, sum: Int, recent: TimingReading?)
    }

    package private(set) var totals: [Series: Total] = [:]
    /// Recent durations, of the window under way and the one before it.
    private var windows:
        (start: Int64, now: [Series: TimingReading], before: [Series: TimingReading]) = (
            0, [:], [:]
        )

    package init() {}

    package mutating func add(_ readings: [(MetricReading, Series)], at now: Int64) {
        turnWindow(now)
        for (reading, series) in readings {
            let old = totals[series]
            var total = old ?? Total(help: reading.help, value: .counter(0), updated: now)
            switch reading.value {
            case .gauge(let value):
                total.value = .gauge(value)
                total.updated = now
            case .count(let events):
                if case .counter(let sum) = total.value { total.value = .counter(sum + events) }
                if events > 0 { total.updated = now }
            case .timing(let timing):
                windows.now[series] = windows.now[series].map { $0.adding(timing) } ?? timing
                var (count, sum) = (0, 0)
                if case .summary(let n, let s, _) = total.value { (count, sum) = (n, s) }
                total.value = .summary(
                    count: count + timing.count, sum: sum &+ timing.sum, recent: nil)
                total.updated = now
            }
            totals[series] = total
        }
    }

    private mutating func turnWindow(_ now: Int64) {
        let length = Limits.intervalSeconds * 1_000_000_000
        let start = now / length * length
        guard start != windows.start else { return }
        windows = (start, [:], start == windows.start + length ? windows.now : [:])
    }

    /// Returns all totals, with their recent durations, in order.
    /// - Parameter after: omits totals unchanged since this time; 0 omits none.
    package func all(after: Int64 = 0) -> [(Series, Total)] {
        totals.filter { $0.value.updated >= after }.map { series, total in
            guard case .summary(let count, let sum, _) = total.value else { return (series, total) }
            let parts = [windows.before[series], windows.now[series]].compactMap { $0 }
            var recent = parts.first
            if parts.count == 2 { recent?.add(parts[1]) }
            var full = total
            full.value = .summary(count: count, sum: sum, recent: recent)
            return (series, full)
        }.sorted { Series.precedes($0.0, $1.0) }
    }
}

extension TimingReading {
    fileprivate func adding(_ other: TimingReading) -> TimingReading {
        var sum = self
        sum.add(other)
        return sum
    }
}
