package import ConsulConfig

/// Why an agent could not start or reload.
package enum ConsulAgentError: Error, CustomStringConvertible {
    /// Everything wrong with the configuration.
    case configuration([ConfigError])
    case start(String)

    package var description: String {
        switch self {
        case .configuration(let errors): errors.map { "\($0)" }.joined(separator: "\n")
        case .start(let reason): reason
        }
    }
}
