public import ConsulModel
public import PluginAPI
import Primitives

/// `os_service: unit` with an interval: the state of a systemd unit. Active passes, activating and
/// reloading warn, any other state is critical.
public struct OSServiceCheckType: CheckType {
    public let kind = "os_service"
    public init() {}

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.osService.isEmpty && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems = CheckRules.intervalProblems(in: definition)
        if definition.osService.hasPrefix("-") {
            problems.append(DefinitionProblem("os_service", "a unit's name begins with no \"-\""))
        }
        return problems
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(OSServiceCheck(unit: definition.osService, context: context))
    }
}

struct OSServiceCheck: PolledCheck {
    let unit: String
    let context: CheckContext

    func probe(timeout: GoDuration) async -> CheckObservation {
        var request = ProcessRequest(["systemctl", "is-active", "--", unit], timeout: timeout)
        request.outputMax = context.outputMax
        let outcome = await context.processes.run(request)
        switch outcome.ending {
        case .exited:
            let lines = outcome.output.split(whereSeparator: { $0.isNewline })
            let state = lines.first.map { String($0) } ?? "unknown"
            return CheckObservation(Self.status(state), "systemd unit \(unit) is \(state)")
        default:
            return ExitCodes.observation(of: outcome, timeout: timeout)
        }
    }

    static func status(_ state: String) -> CheckStatus {
        switch state {
        case "active": .passing
        case "activating", "reloading", "refreshing": .warning
        default: .critical
        }
    }
}
