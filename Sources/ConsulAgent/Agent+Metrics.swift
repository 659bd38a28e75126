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

    /// For SIGUSR1: what was measured in the last minute, on standard error, as Consul does.
    func dumpMetrics() {
        let text = metrics.dump().joined(separator: "\n") + "\n"
        _ = Files.writeAll(STDERR_FILENO, Array(text.utf8))
    }

    /// Once, at the start: settings that nothing here acts on.
    func tellUnused(_ config: RuntimeConfig) {
        for (name, origin) in config.notActedOn {
            let isCirconus = name.hasPrefix("telemetry.circonus_")
            logger.warning(
                isCirconus
                    ? "nothing is sent to Circonus: use statsd_address, dogstatsd_addr or /metrics"
                    : "this setting is understood but nothing acts on it yet",
                metadata: ["setting": "\(name)", "from": "\(origin)"])
        }
    }
}
