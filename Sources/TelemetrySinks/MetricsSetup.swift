package import Primitives
import Telemetry

/// The section `telemetry` of the configuration.
package struct MetricsSetup: Sendable {
    package var prefix = "consul"
    /// The host's name, for the names of gauges.
    package var host = ""
    package var disablesHost = false
    package var prefixFilter: [String] = []
    package var filterDefault = true
    /// Above zero, `?format=prometheus` answers, with values of at most this age.
    package var prometheusRetention = GoDuration.zero
    /// `host:port` each; empty for none.
    package var statsd = ""
    package var statsite = ""
    package var dogstatsd = ""
    package var dogstatsdTags: [String] = []

    package init() {}

    /// True with an outside receiver. Only then the names contain the host, as in Consul.
    var hasSinks: Bool {
        prometheusRetention > .zero || !statsd.isEmpty || !statsite.isEmpty || !dogstatsd.isEmpty
    }

    /// Returns the naming rules, and the faults of the filter.
    func naming() -> (MetricNaming, problems: [String]) {
        var naming = MetricNaming()
        naming.prefix = prefix
        naming.host = hasSinks && !disablesHost ? host : ""
        naming.filterDefault = filterDefault
        let problems = naming.setFilter(prefixFilter)
        return (naming, problems)
    }
}
