import ConsulModel
import PluginAPI
import Primitives
import Wire

/// `type: KIND` with `config`: a check that an external program probes.
struct ExternalCheckType: CheckType {
    let kind: String
    let schema: ConfigSchema
    let programs: PluginPrograms

    func claims(_ definition: CheckDefinition) -> Bool { definition.type == kind }

    func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        let others = [
            ("args", !definition.args.isEmpty), ("http", !definition.http.isEmpty),
            ("tcp", !definition.tcp.isEmpty), ("udp", !definition.udp.isEmpty),
            ("grpc", !definition.grpc.isEmpty), ("os_service", !definition.osService.isEmpty),
            ("docker_container_id", !definition.dockerContainerID.isEmpty),
            ("alias_node", !definition.aliasNode.isEmpty),
            ("alias_service", !definition.aliasService.isEmpty),
        ]
        return CheckRules.intervalProblems(in: definition)
            + others.filter { $0.1 }.map {
                DefinitionProblem($0.0, "is not valid in a check of type \"\(kind)\"")
            } + schema.problems(in: .object(definition.config), at: "config")
    }

    func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(ExternalCheck(definition: definition, context: context, programs: programs))
    }
}

/// Finds its program anew for each probe: a reload may have replaced it.
struct ExternalCheck: PolledCheck {
    let definition: CheckDefinition
    let context: CheckContext
    let programs: PluginPrograms

    func probe(timeout: GoDuration) async -> CheckObservation {
        guard let (program, schema) = programs.provider(ofCheck: definition.type) else {
            return CheckObservation(
                .critical, "no plugin provides checks of type \"\(definition.type)\"")
        }
        return await program.probe(
            ProbeRequest(
                kind: definition.type, checkID: context.checkID, nodeName: context.nodeName,
                config: schema.filled(.object(definition.config)), timeout: timeout,
                outputMax: context.outputMax))
    }
}

/// `handler_type: KIND` with `handler_config`: a handler that an external program runs.
struct ExternalHandlerKind: HandlerKind {
    let kind: String
    let schema: ConfigSchema
    let programs: PluginPrograms

    func problems(in definition: WatchDefinition) -> [DefinitionProblem] {
        var problems: [DefinitionProblem] = []
        if !definition.args.isEmpty || !definition.handler.isEmpty || definition.httpHandler != nil
        {
            problems.append(DefinitionProblem("handler_type", "Only one watch handler allowed"))
        }
        if definition.sandbox != nil {
            problems.append(
                DefinitionProblem("sandbox", "is for scripts: a plugin program runs as the agent"))
        }
        return problems
            + schema.problems(in: .object(definition.handlerConfig), at: "handler_config")
    }

    func make(_ definition: WatchDefinition, in context: HandlerContext) -> any WatchHandler {
        ExternalHandler(definition: definition, programs: programs)
    }
}

struct ExternalHandler: WatchHandler {
    let definition: WatchDefinition
    let programs: PluginPrograms

    func run(_ input: HandlerInput) async -> HandlerOutcome {
        guard let (program, schema) = programs.provider(ofHandler: definition.handlerType) else {
            return HandlerOutcome(
                code: nil, output: "",
                failure: "no plugin provides handlers of type \"\(definition.handlerType)\"")
        }
        let timeout = definition.timeout > .zero ? definition.timeout : programs.handleTimeout
        return await program.handle(
            HandleRequest(
                kind: definition.handlerType,
                config: schema.filled(.object(definition.handlerConfig)), timeout: timeout,
                input: input))
    }
}
