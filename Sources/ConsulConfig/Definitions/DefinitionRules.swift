package import ConsulModel

/// Rules of other parts: of plugins about checks, of module Watch about watches, of DNS about its
/// records, of the machine about executables. The composition root supplies these; by default
/// everything is valid.
package struct DefinitionRules: Sendable {
    package var checkProblems: @Sendable (CheckDefinition) -> [DefinitionProblem]
    package var watchProblems: @Sendable (WatchDefinition) -> [DefinitionProblem]
    /// Judges a record of the domain, which is a parameter as well.
    package var dnsRecordProblems: @Sendable (DNSRecordDefinition, String) -> [DefinitionProblem]
    /// Returns the reason why a program, named as in a handler's `args[0]`, cannot be run; nil when
    /// it can.
    package var handlerProblem: @Sendable (String) -> String?

    package init(
        checkProblems: @escaping @Sendable (CheckDefinition) -> [DefinitionProblem] = { _ in [] },
        watchProblems: @escaping @Sendable (WatchDefinition) -> [DefinitionProblem] = { _ in [] },
        dnsRecordProblems:
            @escaping @Sendable (DNSRecordDefinition, String) -> [DefinitionProblem] = { _, _ in []
            },
        handlerProblem: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.checkProblems = checkProblems
        self.watchProblems = watchProblems
        self.dnsRecordProblems = dnsRecordProblems
        self.handlerProblem = handlerProblem
    }
}
