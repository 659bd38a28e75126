public import ConsulModel
public import PluginAPI
import Primitives

/// `alias_service` and `alias_node`: has the worst status of the checks of another service or node.
public struct AliasCheckType: CheckType {
    public let kind = "alias"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        (!definition.aliasService.isEmpty || !definition.aliasNode.isEmpty)
            && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        CheckRules.thresholdProblems(in: definition)
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .pushed(AliasCheck(definition: definition, context: context))
    }
}

struct AliasCheck: PushedCheck {
    let definition: CheckDefinition
    let context: CheckContext

    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async {
        let own = context.checkID
        await context.checks.observe(
            node: definition.aliasNode, serviceID: definition.aliasService, for: own
        ) { checks in
            guard let checks else {
                let (service, node) = (definition.aliasService, definition.aliasNode)
                report(
                    CheckObservation(
                        .critical,
                        service.isEmpty
                            ? "Node \(node) could not be found"
                            : "Service \(service) could not be found on node \(node)"))
                return
            }
            report(Self.summary(of: checks.filter { $0.checkID != own }))
        }
    }

    static func summary(of checks: [HealthCheck]) -> CheckObservation {
        if checks.isEmpty { return CheckObservation(.passing, "No checks found.") }
        let worst = checks.map { CheckStatus(rawValue: $0.status) ?? .critical }.max()!
        guard worst != .passing,
            let check = checks.first(where: { $0.status == worst.rawValue })
        else { return CheckObservation(.passing, "All checks passing.") }
        return CheckObservation(worst, "Aliased check \"\(check.name)\" failing: \(check.output)")
    }
}
