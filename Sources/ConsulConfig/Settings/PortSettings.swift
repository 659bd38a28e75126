/// The ports on which the agent listens; -1 disables one.
package struct PortSettings: Sendable {
    package var server = 8300
    package var serfLAN = 8301
    package var serfWAN = 8302
    package var http = 8500
    package var https = -1
    package var dns = 8600
    package var dnsTLS = -1
    package var grpc = -1
    init() {}

    static let settings: [Setting] = [
        Setting(
            "ports.server", \.ports.server, "Sets the server port to listen on.",
            flag: "server-port", isActedOn: false,
            check: SettingChecks.port),
        Setting(
            "ports.serf_lan", \.ports.serfLAN, "Sets the Serf LAN port to listen on.",
            flag: "serf-lan-port",
            check: SettingChecks.port),
        Setting(
            "ports.serf_wan", \.ports.serfWAN, "Sets the Serf WAN port to listen on.",
            flag: "serf-wan-port",
            check: SettingChecks.port),
        Setting(
            "ports.http", \.ports.http, "Sets the HTTP API port to listen on.",
            flag: "http-port", check: SettingChecks.port),
        Setting(
            "ports.https", \.ports.https, "Sets the HTTPS API port to listen on.",
            flag: "https-port", check: SettingChecks.port),
        Setting(
            "ports.dns", \.ports.dns, "Sets the DNS port to listen on.",
            flag: "dns-port",
            check: SettingChecks.port),
        Setting(
            "ports.dns_tls", \.ports.dnsTLS, "Sets the DNS over TLS port to listen on.",
            flag: "dns-tls-port", check: SettingChecks.port),
        Setting(
            "ports.grpc", \.ports.grpc, "Sets the gRPC API port to listen on.",
            flag: "grpc-port", dev: 8502, isActedOn: false,
            check: SettingChecks.port),
    ]
}
