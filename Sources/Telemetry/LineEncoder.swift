/// Encodes the lines of statsd, statsite and DogStatsD.
package enum LineEncoder {
    package enum Dialect: Hashable, Sendable {
        /// Labels follow the name: `consul.fsm.kvs.set:0.05|ms`. Also statsite's form.
        case statsd
        /// Labels and the agent's own tags follow at the end; the server adds the host.
        case dogstatsd(tags: [String])
    }

    /// Returns lines without their ends; none for a counter without events.
    package static func lines(
        _ reading: MetricReading, _ series: Series, _ dialect: Dialect
    ) -> [String] {
        let (name, end) = frame(series, dialect)
        switch reading.value {
        case .gauge(let value): return ["\(name):\(fixed(value))|g\(end)"]
        case .count(0): return []
        case .count(let events): return ["\(name):\(fixed(Double(events)))|c\(end)"]
        case .timing(let timing):
            if timing.count == 1 {
                return ["\(name):\(fixed(Double(timing.sum) / 1e6))|ms\(end)"]
            }
            return timing.buckets.map { bucket in
                let value = timing.bounded(TimingBuckets.middle(of: bucket.index)) / 1e6
                let rate = bucket.count == 1 ? "" : "|@\(fixed(1 / Double(bucket.count)))"
                return "\(name):\(fixed(value))|ms\(rate)\(end)"
            }
        }
    }

    private static func frame(_ series: Series, _ dialect: Dialect) -> (name: String, end: String) {
        switch dialect {
        case .statsd:
            let parts = [series.name] + series.labels.map { $0.value }
            return (clean(parts.joined(separator: ".")), "")
        case .dogstatsd(let tags):
            let all = tags + series.labels.map { "\($0.name):\($0.value)" }
            return (clean(series.hostless), all.isEmpty ? "" : "|#\(all.joined(separator: ","))")
        }
    }

    /// Replaces the protocol's special characters in a name by `_`.
    private static func clean(_ name: String) -> String {
        String(name.map { ":|@# \n\r\t".contains($0) ? "_" : $0 })
    }

    private static func fixed(_ value: Double) -> String { Decimal.fixed(value, places: 6) }

    /// Joins lines to datagrams of at most `bytesMax`, each line with its end.
    package static func datagrams(
        _ lines: [String], bytesMax: Int = Limits.datagramBytesMax
    ) -> [[UInt8]] {
        var datagrams: [[UInt8]] = []
        for line in lines where line.utf8.count < bytesMax {
            let isFull = datagrams.last.map { $0.count + line.utf8.count + 1 > bytesMax } ?? true
            if isFull { datagrams.append([]) }
            datagrams[datagrams.count - 1] += Array(line.utf8) + [0x0A]
        }
        return datagrams
    }
}
