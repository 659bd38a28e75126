/// Keys of older versions of Consul, the version that removed them, and their replacement.
enum RemovedKeys {
    /// - Parameter path: the path of a setting; nil for a key of a service, check or watch.
    static func remedy(path: String?, key: String) -> String? {
        if let path {
            return settings[path.lowercased()] ?? (path.hasPrefix("atlas_") ? atlas : nil)
        }
        return fields[key.lowercased()]
    }

    private static let atlas = "removed in Consul 1.0 with Atlas: remove it"
    private static let rpc =
        "removed in Consul 1.0: the command line uses the HTTP API, remove it"

    private static let settings: [String: String] = [
        "ports.rpc": rpc, "addresses.rpc": rpc,
        "recursor": moved("recursors, a list"),
        "dogstatsd_addr": moved("telemetry.dogstatsd_addr"),
        "dogstatsd_tags": moved("telemetry.dogstatsd_tags"),
        "statsd_addr": moved("telemetry.statsd_address"),
        "statsite_addr": moved("telemetry.statsite_address"),
        "statsite_prefix": moved("telemetry.metrics_prefix"),
        "telemetry.statsite_prefix": moved("telemetry.metrics_prefix"),
        "http_api_response_headers": moved("http_config.response_headers"),
        "advertise_addrs": moved("advertise_addr, advertise_addr_wan and ports"),
        "retry_join_ec2": moved("retry_join: [\"provider=aws …\"]"),
        "retry_join_gce": moved("retry_join: [\"provider=gce …\"]"),
        "retry_join_azure": moved("retry_join: [\"provider=azure …\"]"),
        "enable_deprecated_names": metrics, "telemetry.enable_deprecated_names": metrics,
        "connect.proxy": managed, "connect.proxy_defaults": managed,
    ]

    private static let metrics =
        "removed in Consul 1.1: each metric has one name, remove it"
    private static let managed =
        "removed in Consul 1.6 with managed proxies: register the proxy as a service"

    private static func moved(_ replacement: String) -> String {
        "removed in Consul 1.0: write \(replacement)"
    }

    private static let fields: [String: String] = [
        "script": "removed in Consul 1.1: write args: [\"/bin/sh\", \"-c\", \"…\"]",
        "check_id": "removed in Consul 1.1: write id",
        "proxy_destination":
            "removed in Consul 1.6: write proxy: {destination_service_name: …}",
    ]
}
