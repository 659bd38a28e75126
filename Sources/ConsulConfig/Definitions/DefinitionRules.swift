package import ConsulModel

/// Something wrong with one field of a definition. The path is relative to the definition,
/// `interval` or `retry.max`, in either spelling; empty for the definition as a whole.
package struct FieldProblem: Hashable, Sendable {
    package var path: String
    package var message: String
    package init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}

/// What others know about definitions: the plugins about checks, module Watch about watches, the
/// machine about executables. The composition root supplies these; by default all is well.
package struct DefinitionRules: Sendable {
    package var checkProblems: @Sendable (CheckDefinition) -> [FieldProblem]
    package var watchProblems: @Sendable (WatchDefinition) -> [FieldProblem]
    /// Why a program, named as in a handler's `args[0]`, cannot be run; nil when it can.
    package var handlerProblem: @Sendable (String) -> String?

    package init(
        checkProblems: @escaping @Sendable (CheckDefinition) -> [FieldProblem] = { _ in [] },
        watchProblems: @escaping @Sendable (WatchDefinition) -> [FieldProblem] = { _ in [] },
        handlerProblem: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.checkProblems = checkProblems
        self.watchProblems = watchProblems
        self.handlerProblem = handlerProblem
    }
}
