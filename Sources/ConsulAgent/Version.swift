/// The HashiCorp Consul release whose behaviour and formats this program has. Clients read it to
/// choose their requests.
package enum Version {
    package static let number = "1.8.7"
    package static let protocolDefault = 2
    package static let protocolMax = 3
    /// Serf's tag `build`.
    static let buildTag = "\(number):"
}
