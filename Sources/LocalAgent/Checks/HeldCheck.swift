import PluginAPI

/// Takes the part of a check whose definition cannot run. It stays critical until its definition
/// is replaced, and takes no heartbeats.
struct HeldCheck: PushedCheck {
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {}
}

/// A definition's faults, as the registrar acts on them.
struct DefinitionVerdict: Hashable, Sendable {
    /// Keeps the definition from running.
    var isHeld: Bool
    /// For the check's output until it has a result; empty for a sound definition.
    var reason: String

    static let sound = DefinitionVerdict(isHeld: false, reason: "")
}
