package import Logging
package import NIOCore
import Platform
import Primitives
import Synchronization
package import Telemetry

/// Collects, keeps and sends the agent's metrics.
package final class MetricsService: Sendable {
    package let registry: MetricRegistry

    private struct State {
        var naming: MetricNaming
        /// The full names, made once; nil for names that the filter blocks.
        var series: [MetricName: Series?] = [:]
        var memory = IntervalMemory()
        var totals = RunningTotals()

        mutating func fullName(of reading: MetricReading) -> Series? {
            if let known = series[reading.name] { return known }
            let made = naming.series(reading.name, isGauge: reading.isGauge)
            series[reading.name] = .some(made)
            return made
        }
    }

    private let state: Mutex<State>
    private let retention: GoDuration
    private let senders: [(dialect: LineEncoder.Dialect, send: any LineSender)]
    private let wall: @Sendable () -> Int64
    private let logger: Logger

    /// Makes the service.
    /// - Parameters:
    ///   - wall: nanoseconds since 1970.
    ///   - group: the loops of the sockets.
    package init(
        _ setup: MetricsSetup, registry: MetricRegistry, on group: any EventLoopGroup,
        wall: @escaping @Sendable () -> Int64 = SystemClock.unixNanoseconds, logger: Logger
    ) {
        self.registry = registry
        self.wall = wall
        self.logger = logger
        retention = setup.prometheusRetention
        let (naming, problems) = setup.naming()
        for problem in problems { logger.warning("\(problem)") }
        state = Mutex(State(naming: naming))
        var senders: [(dialect: LineEncoder.Dialect, send: any LineSender)] = []
        if !setup.statsd.isEmpty {
            senders.append((.statsd, DatagramSender(setup.statsd, on: group, logger: logger)))
        }
        if !setup.statsite.isEmpty {
            senders.append((.statsd, StreamSender(setup.statsite, on: group, logger: logger)))
        }
        if !setup.dogstatsd.isEmpty {
            let tags = LineEncoder.Dialect.dogstatsd(tags: setup.dogstatsdTags)
            senders.append((tags, DatagramSender(setup.dogstatsd, on: group, logger: logger)))
        }
        self.senders = senders
        ProcessFigures.register(in: registry)
    }

    /// Collects at the end of each interval, and more often while lines are sent. Ends when its
    /// task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let length = Telemetry.Limits.intervalSeconds * 1_000_000_000
            let toBoundary = length - wall() % length
            let wait = senders.isEmpty ? toBoundary : min(toBoundary, Limits.flushEvery.nanoseconds)
            do { try await Task.sleep(nanoseconds: UInt64(max(wait, 1_000_000))) } catch { break }
            collect { _ in }
        }
        for (_, sender) in senders { await sender.close() }
    }

    @discardableResult
    private func collect<Value: Sendable>(_ look: (inout State) -> Value) -> Value {
        let (value, readings) = state.withLock { state in
            let now = wall()
            let readings = registry.drain().compactMap { reading in
                state.fullName(of: reading).map { (reading, $0) }
            }
            state.memory.add(readings, at: now)
            state.totals.add(readings, at: now)
            return (look(&state), readings)
        }
        for (dialect, sender) in senders {
            let lines = readings.flatMap { LineEncoder.lines($0.0, $0.1, dialect) }
            sender.send(Array(lines.prefix(Limits.linesPerFlushMax)))
        }
        return value
    }

    // MARK: Queries

    /// Returns the newest interval that is over, in Consul's form.
    package func summary() -> MetricsSummary {
        collect { $0.memory.shown.map { MetricsSummary(of: $0) } ?? MetricsSummary() }
    }

    /// Streams each interval when it is over; ends when the reading task is cancelled.
    package func summaries() -> AsyncStream<MetricsSummary> {
        AsyncStream { [self] in
            // Slightly after the boundary, so that the interval is over for every reader.
            let length = Telemetry.Limits.intervalSeconds * 1_000_000_000
            let wait = length - wall() % length + Limits.afterBoundary.nanoseconds
            do { try await Task.sleep(nanoseconds: UInt64(wait)) } catch { return nil }
            return summary()
        }
    }

    /// False without `prometheus_retention_time`: then Consul's page does not answer.
    package var hasRetention: Bool { retention > .zero }

    package func prometheus(_ form: PrometheusText.Form) -> String {
        let totals = collect { state in
            state.totals.all(after: form == .consul ? wall() - retention.nanoseconds : 0)
        }
        return PrometheusText.text(totals, form) + ProcessFigures.prometheusText()
    }

    /// Returns the intervals of the last minute, a line for each value.
    package func dump() -> [String] { collect { IntervalText.lines(of: $0.memory) } }

    /// Replaces the filter on a reload.
    package func setFilter(_ rules: [String]) {
        let problems = state.withLock { state in
            state.series = [:]
            return state.naming.setFilter(rules)
        }
        for problem in problems { logger.warning("\(problem)") }
    }
}

/// Sends lines to a receiver. Never blocks.
protocol LineSender: Sendable {
    func send(_ lines: [String])
    func close() async
}
