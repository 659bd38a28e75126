import Primitives

/// The addresses as given: empty ones are missing, templates and lists are not resolved.
/// `ListenAddresses` has the resolved ones.
package struct AddressSettings: Sendable {
    package var bind = "0.0.0.0"
    package var client = "127.0.0.1"
    package var advertise = ""
    package var advertiseIPv4 = ""
    package var advertiseIPv6 = ""
    package var advertiseWAN = ""
    package var advertiseWANIPv4 = ""
    package var advertiseWANIPv6 = ""
    package var http = ""
    package var https = ""
    package var dns = ""
    package var dnsTLS = ""
    package var grpc = ""
    package var serfLAN = ""
    package var serfWAN = ""
    package var serfLANAllowed: [String] = []
    package var serfWANAllowed: [String] = []
    package var unixSocketUser = ""
    package var unixSocketGroup = ""
    package var unixSocketMode = ""
    init() {}

    static let settings: [Setting] = own + told + listeners

    private static let listeners: [Setting] = [
        Setting(
            "addresses.http", \.addresses.http, "Where HTTP listens, instead of client_addr."),
        Setting(
            "addresses.https", \.addresses.https, "Where HTTPS listens, instead of client_addr."
        ),
        Setting("addresses.dns", \.addresses.dns, "Where DNS listens, instead of client_addr."),
        Setting(
            "addresses.dns_tls", \.addresses.dnsTLS,
            "Where DNS over TLS listens, instead of client_addr."),
        Setting(
            "addresses.grpc", \.addresses.grpc, "Where gRPC listens, instead of client_addr."),
        Setting(
            "unix_sockets.user", \.addresses.unixSocketUser,
            "The owner of sockets in addresses."),
        Setting(
            "unix_sockets.group", \.addresses.unixSocketGroup,
            "The group of sockets in addresses."),
        Setting(
            "unix_sockets.mode", \.addresses.unixSocketMode,
            "The mode of sockets in addresses, as octal text."),
    ]

    private static let own: [Setting] = [
        Setting(
            "bind_addr", \.addresses.bind, "Sets the bind address for cluster communication.",
            flag: "bind", dev: "127.0.0.1"),
        Setting(
            "client_addr", \.addresses.client,
            "Sets the address to bind for client access. This includes RPC, DNS, HTTP, HTTPS and "
                + "gRPC (if configured).",
            flag: "client"),
        Setting(
            "serf_lan", \.addresses.serfLAN, "Address to bind Serf LAN listeners to.",
            flag: "serf-lan-bind"),
        Setting(
            "serf_wan", \.addresses.serfWAN, "Address to bind Serf WAN listeners to.",
            flag: "serf-wan-bind"),
        Setting(
            "serf_lan_allowed_cidrs", \.addresses.serfLANAllowed,
            "Networks (eg: 192.168.1.0/24) allowed for Serf LAN. Can be specified multiple times.",
            flag: "serf-lan-allowed-cidrs", check: networks),
        Setting(
            "serf_wan_allowed_cidrs", \.addresses.serfWANAllowed,
            "Networks (eg: 192.168.1.0/24) allowed for Serf WAN (other datacenters). "
                + "Can be specified multiple times.",
            flag: "serf-wan-allowed-cidrs", check: networks),
    ]

    private static let told: [Setting] = [
        Setting(
            "advertise_addr", \.addresses.advertise, "Sets the advertise address to use.",
            flag: "advertise"),
        Setting(
            "advertise_addr_ipv4", \.addresses.advertiseIPv4, "The advertised IPv4 address."),
        Setting(
            "advertise_addr_ipv6", \.addresses.advertiseIPv6, "The advertised IPv6 address."),
        Setting(
            "advertise_addr_wan", \.addresses.advertiseWAN,
            "Sets address to advertise on WAN instead of -advertise address.",
            flag: "advertise-wan"),
        Setting(
            "advertise_addr_wan_ipv4", \.addresses.advertiseWANIPv4,
            "The IPv4 address advertised to other datacenters."),
        Setting(
            "advertise_addr_wan_ipv6", \.addresses.advertiseWANIPv6,
            "The IPv6 address advertised to other datacenters."),
    ]

    @Sendable static func networks(_ texts: [String]) -> String? {
        texts.first { CIDRBlock($0) == nil }.map {
            "\(quoted($0)) is not a network such as 10.0.0.0/8 or fd00::/8"
        }
    }

    static func modeProblem(_ text: String) -> String? {
        text.isEmpty || UInt16(text, radix: 8).map { $0 <= 0o7777 } == true
            ? nil : "\(quoted(text)) is not a mode such as \"0660\""
    }
}
