import Primitives

/// A fault in a definition, at a field. `path` is relative to the definition, in the snake case of
/// configuration files (`http`, `expect.status[0]`); empty for the whole.
public struct DefinitionProblem: Error, Hashable, Sendable {
    /// The consequence of the fault. `consul validate` and a reload refuse a definition for any
    /// fault; a start and the API refuse only those that HashiCorp's agent refuses too.
    public enum Effect: Hashable, Sendable {
        /// Refuses the definition.
        case refuses
        /// Accepts the definition without running it: a check is critical, a watch is failed.
        case disables
        /// Runs the definition; the fault is shown until the first result.
        case shows
    }

    public var path: String
    public var message: String
    public var effect: Effect

    /// - Parameter message: may quote the value at fault; passwords and tokens in it are hidden.
    public init(_ path: String, _ message: String, _ effect: Effect = .disables) {
        self.path = path
        self.message = Redaction.text(message)
        self.effect = effect
    }

    /// The fault with the field's path, for outputs and answers.
    public var text: String { path.isEmpty ? message : "\(path): \(message)" }
}
