package import ConsulModel

/// What others know about definitions: the plugins about checks, module Watch about watches, DNS
/// about its records, the machine about executables. The composition root supplies these; by
/// default all is well.
package struct DefinitionRules: Sendable {
    package var checkProblems: @Sendable (CheckDefinition) -> [DefinitionProblem]
    package var watchProblems: @Sendable (WatchDefinition) -> [DefinitionProblem]
    /// For a record of the domain, which is given as well.
    package var dnsRecordProblems: @Sendable (DNSRecordDefinition, String) -> [DefinitionProblem]
    /// Why a program, named as in a handler's `args[0]`, cannot be run; nil when it can.
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
