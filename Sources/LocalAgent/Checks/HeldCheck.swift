import PluginAPI

/// Replaces a check whose definition cannot run. It stays critical until its definition is
/// replaced, and takes no heartbeats.
struct HeldCheck: PushedCheck {
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {}
}

/// A definition's faults, sorted by their effect on the registration.
struct DefinitionVerdict: Hashable, Sendable {
    /// The faults that prevent the definition from running.
    var isHeld: Bool
    /// The check's output until it has a result; empty for a sound definition.
    var reason: String

    static let sound = DefinitionVerdict(isHeld: false, reason: "")
}
