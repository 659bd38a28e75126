package import ConsulConfig

/// The reason why an agent could not start or reload.
package enum ConsulAgentError: Error, CustomStringConvertible {
    /// All faults of the configuration.
    case configuration([ConfigError])
    case start(String)

    package var description: String {
        switch self {
        case .configuration(let errors): errors.map { "\($0)" }.joined(separator: "\n")
        case .start(let reason): reason
        }
    }
}
