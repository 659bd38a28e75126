/// The release of HashiCorp Consul whose behaviour and formats this one has. Clients look at it to
/// know what they may ask for.
package enum Version {
    package static let number = "1.8.7"
    package static let protocolDefault = 2
    package static let protocolMax = 3
    /// serf's tag `build`.
    static let buildTag = "\(number):"
}
