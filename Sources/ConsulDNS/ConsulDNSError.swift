/// Why DNS cannot be served, with the setting at fault.
package enum ConsulDNSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `domain` or `alt_domain` is no domain name.
    case domain(setting: String, String)
    /// A recursor is no IP address with or without a port.
    case recursor(String)
    /// An address cannot be listened on.
    case listen(network: String, address: String, reason: String)

    package var description: String {
        switch self {
        case .domain(let setting, let text): "\(setting): \"\(text)\" is no domain name"
        case .recursor(let text): "Invalid recursor address: \(text)"
        case .listen(let network, let address, let reason):
            "Failed to start DNS server: listen \(network) \(address): bind: \(reason)"
        }
    }
}
