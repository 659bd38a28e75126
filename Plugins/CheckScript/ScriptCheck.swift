public import ConsulModel
public import PluginAPI
import Primitives

/// `args` with an interval: exit code 0 passes, 1 warns, any other code is critical; the check's
/// output is the program's. The whole process group is killed at the timeout.
public struct ScriptCheckType: CheckType {
    public let kind = "script"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.args.isEmpty && definition.dockerContainerID.isEmpty
            && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems = CheckRules.intervalProblems(in: definition)
        if definition.args[0].isEmpty {
            problems.append(DefinitionProblem("args[0]", "the program's name is empty"))
        }
        return problems
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(ScriptCheck(arguments: definition.args, context: context))
    }
}

struct ScriptCheck: PolledCheck {
    let arguments: [String]
    let context: CheckContext

    var defaultTimeout: GoDuration { .seconds(30) }

    func probe(timeout: GoDuration) async -> CheckObservation {
        var request = ProcessRequest(arguments, timeout: timeout)
        request.outputMax = context.outputMax
        let outcome = await context.processes.run(request)
        return ExitCodes.observation(of: outcome, timeout: timeout)
    }
}
