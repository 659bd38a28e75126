import Telemetry

/// The metrics of one watch.
struct WatchMetrics: Sendable {
    let fires: Counter
    let failures: Counter
    let duration: Timing
    let lag: Timing

    init(_ id: String, type: String, in registry: MetricRegistry) {
        let labels = [("watch", id), ("type", type)]
        fires = registry.counter(
            "watch.fires", labels, help: "Times the handler of a watch was started.")
        failures = registry.counter(
            "watch.failures", labels, help: "Times the handler of a watch failed.")
        duration = registry.timing(
            "watch.duration", labels, help: "Milliseconds that the handler of a watch ran.")
        lag = registry.timing(
            "watch.lag", labels,
            help: "Milliseconds from the arrival of a change to the start of the handler.")
    }
}
