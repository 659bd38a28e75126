internal import Synchronization

/// All instruments of an agent. Each part of the agent gets its instruments once, when it is made.
package final class MetricRegistry: Sendable {
    private enum Instrument {
        case counter(Counter)
        case timing(Timing)
        case gauge(@Sendable () -> Double?)
    }

    private struct Entry {
        var name: MetricName
        var help: String
        var instrument: Instrument
    }

    private struct State {
        var entries: [Entry] = []
        var indices: [MetricName: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Returns the counter of a name, and makes it if it is missing.
    /// - Parameter help: one sentence, shown to Prometheus.
    package func counter(
        _ name: String, _ labels: [(String, String)] = [], help: String
    ) -> Counter {
        let made = enter(MetricName(name, labels: labels), help) { .counter(Counter()) }
        if case .counter(let counter) = made { return counter }
        return Counter()  // the name has another kind, or there are too many
    }

    package func timing(
        _ name: String, _ labels: [(String, String)] = [], help: String
    ) -> Timing {
        timing(MetricName(name, labels: labels), help: help)
    }

    package func timing(_ name: MetricName, help: String) -> Timing {
        let made = enter(name, help) { .timing(Timing()) }
        if case .timing(let timing) = made { return timing }
        return Timing()
    }

    /// Adds a gauge.
    /// - Parameter value: called at each collection, on any thread; nil reports no value. It must
    ///   be quick, and must not use the registry itself.
    package func gauge(
        _ name: String, help: String, _ value: @escaping @Sendable () -> Double?
    ) {
        _ = enter(MetricName(name), help) { .gauge(value) }
    }

    /// Returns a gauge that its owner sets. A second call with the same name returns one that is
    /// not collected.
    package func lastNumber(_ name: String, help: String) -> LastNumber {
        let number = LastNumber()
        gauge(name, help: help) { number.drain() }
        return number
    }

    private func enter(
        _ name: MetricName, _ help: String, _ make: () -> Instrument
    ) -> Instrument? {
        state.withLock { state in
            if let index = state.indices[name] { return state.entries[index].instrument }
            guard state.entries.count < Limits.metricsMax else { return nil }
            let instrument = make()
            state.indices[name] = state.entries.count
            state.entries.append(Entry(name: name, help: help, instrument: instrument))
            return instrument
        }
    }

    /// Returns and resets the values since the last call. One caller at a time.
    package func drain() -> [MetricReading] {
        let entries = state.withLock { $0.entries }
        return entries.compactMap { entry in
            let value: MetricReading.Value
            switch entry.instrument {
            case .counter(let counter): value = .count(counter.drain())
            case .timing(let timing):
                guard let reading = timing.drain() else { return nil }
                value = .timing(reading)
            case .gauge(let read):
                guard let now = read() else { return nil }
                value = .gauge(now)
            }
            return MetricReading(entry.name, help: entry.help, value)
        }
    }
}

/// The value of one instrument at a collection.
package struct MetricReading: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case gauge(Double)
        /// Events since the last collection; 0 too.
        case count(Int)
        case timing(TimingReading)
    }
    package var name: MetricName
    package var help: String
    package var value: Value

    package init(_ name: MetricName, help: String = "", _ value: Value) {
        self.name = name
        self.help = help
        self.value = value
    }

    package var isGauge: Bool { if case .gauge = value { true } else { false } }
}
