package import Wire

/// One interval in Consul's form, for `/v1/agent/metrics`.
package struct MetricsSummary: Record {
    package var timestamp = ""
    package var gauges: [GaugeRecord] = []
    /// Always empty: no metric is of this kind, but Consul's form has the field.
    package var points: [GaugeRecord] = []
    package var counters: [AggregateRecord] = []
    package var samples: [AggregateRecord] = []

    package init() {}

    package init(of interval: IntervalMemory.Interval) {
        timestamp = WallText.go(interval.start)
        gauges = Self.sorted(interval.gauges).map { series, value in
            var gauge = GaugeRecord()
            gauge.name = series.name
            gauge.value = value
            gauge.labels = Self.labels(series)
            return gauge
        }
        counters = Self.sorted(interval.counters).map { AggregateRecord($0, $1) }
        samples = Self.sorted(interval.samples).map { AggregateRecord($0, $1) }
    }

    private static func sorted<Value>(_ values: [Series: Value]) -> [(key: Series, value: Value)] {
        values.sorted { Series.precedes($0.key, $1.key) }
    }

    static func labels(_ series: Series) -> [String: String] {
        Dictionary(series.labels.map { ($0.name, $0.value) }) { $1 }
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Timestamp", &timestamp)
        try visit.field("Gauges", &gauges)
        try visit.field("Points", &points)
        try visit.field("Counters", &counters)
        try visit.field("Samples", &samples)
    }
}

package struct GaugeRecord: Record, Sendable {
    package var name = ""
    package var value = 0.0
    package var labels: [String: String] = [:]
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Value", &value)
        try visit.field("Labels", &labels)
    }
}

/// A counter or a sample.
package struct AggregateRecord: Record, Sendable {
    package var name = ""
    package var count = 0
    /// The sum for each second of the interval.
    package var rate = 0.0
    package var sum = 0.0
    package var min = 0.0
    package var max = 0.0
    package var mean = 0.0
    package var deviation = 0.0
    package var labels: [String: String] = [:]
    package init() {}

    init(_ series: Series, _ value: Aggregate) {
        name = series.name
        count = value.count
        rate = value.sum / Double(Limits.intervalSeconds)
        sum = value.sum
        min = value.least
        max = value.largest
        mean = value.mean
        deviation = value.deviation
        labels = MetricsSummary.labels(series)
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Count", &count)
        try visit.field("Rate", &rate)
        try visit.field("Sum", &sum)
        try visit.field("Min", &min)
        try visit.field("Max", &max)
        try visit.field("Mean", &mean)
        try visit.field("Stddev", &deviation)
        try visit.field("Labels", &labels)
    }
}
