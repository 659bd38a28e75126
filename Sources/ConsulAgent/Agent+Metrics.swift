import ConsulConfig
import Glibc
import Logging
import Platform
import TelemetrySinks

extension Agent {
    static func metricsSetup(_ config: RuntimeConfig) -> MetricsSetup {
        let settings = config.telemetry
        var setup = MetricsSetup()
        setup.prefix = settings.metricsPrefix
        setup.host = HostAddresses.hostName()
        setup.disablesHost = settings.disableHostname
        setup.prefixFilter = settings.prefixFilter
        setup.filterDefault = settings.filterDefault
        setup.prometheusRetention = settings.prometheusRetentionTime
        setup.statsd = settings.statsdAddress
        setup.statsite = settings.statsiteAddress
        setup.dogstatsd = settings.dogstatsdAddress
        setup.dogstatsdTags = settings.dogstatsdTags
        return setup
    }

    /// Writes the metrics of the last minute to standard error on SIGUSR1, as Consul does.
    func dumpMetrics() {
        let text = metrics.dump().joined(separator: "\n") + "\n"
        _ = Files.writeAll(STDERR_FILENO, Array(text.utf8))
    }

    /// Logs once, at the start, the settings without effect: the ports in one line, all others in
    /// another.
    func logUnused(_ config: RuntimeConfig) {
        var ports: [String] = []
        var others: [String] = []
        for (name, origin) in config.notActedOn {
            if name.hasPrefix("telemetry.circonus_") {
                logger.warning(
                    "nothing is sent to Circonus: use statsd_address, dogstatsd_addr or /metrics",
                    metadata: ["setting": "\(name)", "from": "\(origin)"])
            } else if name.hasPrefix("ports.") {
                ports.append(name)
            } else {
                others.append("\(name) (\(origin))")
            }
        }
        for (sort, names) in [("ports", ports), ("settings", others)] where !names.isEmpty {
            logger.warning(
                "these \(sort) are accepted but have no effect yet",
                metadata: ["\(sort)": "\(names.joined(separator: ", "))"])
        }
    }
}
