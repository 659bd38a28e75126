public import ConsulModel
public import PluginAPI
import Primitives

/// `args`, run without a shell, or `handler`, a command line for `$SHELL -c`. The data is on stdin,
/// the index in `CONSUL_INDEX`.
public struct ScriptHandlerKind: HandlerKind {
    public let kind = "script"
    private let shell: String

    /// Makes the kind.
    /// - Parameter shell: for `handler`; Consul uses `$SHELL`, else `/bin/sh`.
    public init(shell: String = "/bin/sh") { self.shell = shell }

    public func problems(in definition: WatchDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if definition.args.isEmpty, definition.handler.isEmpty {
            problems.append(DefinitionProblem("", "Must define a watch handler"))
        }
        if !definition.args.isEmpty, !definition.handler.isEmpty || definition.httpHandler != nil {
            problems.append(DefinitionProblem("args", "Only one watch handler allowed"))
        } else if !definition.handler.isEmpty, definition.httpHandler != nil {
            problems.append(DefinitionProblem("handler", "Only one watch handler allowed"))
        }
        if let first = definition.args.first, first.isEmpty {
            problems.append(DefinitionProblem("args[0]", "the program's name is empty"))
        }
        return problems
    }

    public func make(_ definition: WatchDefinition, in context: HandlerContext)
        -> any WatchHandler
    {
        ScriptHandler(definition: definition, shell: shell, context: context)
    }
}

struct ScriptHandler: WatchHandler {
    let definition: WatchDefinition
    let shell: String
    let context: HandlerContext

    func run(_ input: HandlerInput) async -> HandlerOutcome {
        let arguments =
            definition.args.isEmpty ? [shell, "-c", definition.handler] : definition.args
        // Without a timeout of its own a handler may run without a limit, as in Consul.
        let timeout =
            definition.timeout > .zero ? definition.timeout : GoDuration(nanoseconds: .max)
        var request = ProcessRequest(arguments, timeout: timeout)
        request.stdin = input.payload
        request.environment = input.environment
        request.killTimeout = definition.killTimeout
        if !definition.killSignal.isEmpty { request.killSignal = definition.killSignal }
        if let sandbox = definition.sandbox {
            request.user = sandbox.user
            request.group = sandbox.group
            request.workingDirectory = sandbox.workingDirectory
            request.environmentAllowed = sandbox.environment
            request.umask = sandbox.umask
            request.limits = sandbox.limits
        }
        return outcome(of: await context.processes.run(request))
    }

    private func outcome(of outcome: ProcessOutcome) -> HandlerOutcome {
        switch outcome.ending {
        case .exited(0):
            HandlerOutcome(code: 0, output: outcome.output)
        case .exited(let code):
            HandlerOutcome(
                code: Int(code), output: outcome.output, failure: "exit status \(code)")
        case .signalled(let number):
            HandlerOutcome(code: nil, output: outcome.output, failure: "signal: \(number)")
        case .timedOut:
            HandlerOutcome(
                code: nil, output: outcome.output,
                failure: "timed out after \(definition.timeout); its process group was killed")
        case .cancelled:
            HandlerOutcome(code: nil, output: outcome.output, failure: "killed")
        case .failedToStart(let reason):
            HandlerOutcome(code: nil, output: outcome.output, failure: reason)
        }
    }
}
