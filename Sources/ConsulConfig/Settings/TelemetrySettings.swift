package import Primitives

/// The destinations of metrics.
package struct TelemetrySettings: Sendable {
    package var metricsPrefix = "consul"
    package var disableHostname = false
    package var filterDefault = true
    package var prefixFilter: [String] = []
    package var prometheusRetentionTime = GoDuration.zero
    package var statsdAddress = ""
    package var statsiteAddress = ""
    package var dogstatsdAddress = ""
    package var dogstatsdTags: [String] = []
    init() {}

    static let settings: [Setting] = sinks + circonus

    private static let sinks: [Setting] = [

        setting("metrics_prefix", \.telemetry.metricsPrefix, "What every name begins with."),
        setting(
            "disable_hostname", \.telemetry.disableHostname, "Leave the host out of the names."),
        setting(
            "filter_default", \.telemetry.filterDefault,
            "Whether what no filter names is measured."),
        setting(
            "prefix_filter", \.telemetry.prefixFilter,
            "Prefixes to measure (+) or not (-).", reloads: true),
        setting(
            "prometheus_retention_time", \.telemetry.prometheusRetentionTime,
            "How long Prometheus may take to ask; 0 turns it off."),
        setting("statsd_address", \.telemetry.statsdAddress, "A statsd server."),
        setting("statsite_address", \.telemetry.statsiteAddress, "A statsite server."),
        setting("dogstatsd_addr", \.telemetry.dogstatsdAddress, "A DogStatsD server."),
        setting("dogstatsd_tags", \.telemetry.dogstatsdTags, "Tags for DogStatsD."),
    ]

    private static func setting<T: SettingType>(
        _ name: String, _ path: any WritableKeyPath<RuntimeConfig, T> & Sendable, _ meaning: String,
        reloads: Bool = false
    ) -> Setting {
        Setting("telemetry.\(name)", path, meaning, reloads: reloads)
    }

    private static let circonus: [Setting] = [
        "api_app", "api_token", "api_url", "broker_id", "broker_select_tag", "check_display_name",
        "check_force_metric_activation", "check_id", "check_instance_id", "check_search_tag",
        "check_tags", "submission_interval", "submission_url",
    ].map {
        .later(
            "telemetry.circonus_\($0)", "", "Read, but nothing is sent to Circonus.",
            secret: $0 == "api_token")
    }
}
