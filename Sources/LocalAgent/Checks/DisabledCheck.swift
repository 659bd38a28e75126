import PluginAPI

/// Replaces a check whose definition cannot run. It stays critical until its definition is
/// replaced, and takes no heartbeats.
struct DisabledCheck: PushedCheck {
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {}
}

/// Holds the effect of a definition's faults on its registration.
struct DefinitionVerdict: Hashable, Sendable {
    /// True when a fault prevents the definition from running.
    var isDisabled: Bool
    /// The check's output until it has a result; empty for a sound definition.
    var reason: String

    static let sound = DefinitionVerdict(isDisabled: false, reason: "")
}
