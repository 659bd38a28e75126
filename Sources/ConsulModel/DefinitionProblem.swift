/// A fault in a definition, at a field. `path` is relative to the definition, in the snake case of
/// configuration files (`http`, `expect.status[0]`); empty for the whole.
public struct DefinitionProblem: Error, Hashable, Sendable {
    public var path: String
    public var message: String
    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}
