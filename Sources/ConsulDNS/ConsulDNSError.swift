/// The reason why DNS cannot be served, with the setting at fault.
package enum ConsulDNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `domain` or `alt_domain` is not a domain name.
    case domain(setting: String, String)
    /// A recursor is not an IP address with or without a port.
    case recursor(String)
    /// A secondary is not an IP address with or without a port, or there are too many.
    case secondary(String)
    case secondaries(most: Int)
    /// A network that may transfer the zone is invalid.
    case network(String)
    /// A record of the configuration is invalid.
    case record(name: String, String)
    /// The certificate of DNS over TLS is invalid.
    case tls(String)
    /// An address cannot be bound.
    case listen(network: String, address: String, reason: String)

    package var description: String {
        switch self {
        case .domain(let setting, let text): "\(setting): \"\(text)\" is no domain name"
        case .recursor(let text): "Invalid recursor address: \(text)"
        case .secondary(let text):
            "dns_config.transfer.notify: \"\(text)\" is not an IP address with or without a port"
        case .secondaries(let most):
            "dns_config.transfer.notify: more than \(most) secondaries; let one notify the others"
        case .network(let text):
            "dns_config.transfer.allow: \"\(text)\" is not a network such as 10.0.0.0/8"
        case .record(let name, let text): "dns_records: \(name): \(text)"
        case .tls(let text): "Failed to start DNS server: \(text)"
        case .listen(let network, let address, let reason):
            "Failed to start DNS server: listen \(network) \(address): bind: \(reason)"
        }
    }
}
