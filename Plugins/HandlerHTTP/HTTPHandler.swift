public import ConsulModel
public import PluginAPI
import Primitives

/// `http_handler_config`: the data is the body of a request, the index its `X-Consul-Index`. Any
/// 2xx is success.
public struct HTTPHandlerKind: HandlerKind {
    public let kind = "http"
    public init() {}

    public func problems(in definition: WatchDefinition) -> [DefinitionProblem] {
        if !definition.args.isEmpty || !definition.handler.isEmpty {
            return [DefinitionProblem("handler_type", "Only one watch handler allowed")]
        }
        guard let settings = definition.httpHandler else {
            return [
                DefinitionProblem(
                    "http_handler_config", "Must define a watch handler: its path is missing")
            ]
        }
        var problems = CheckRules.urlProblems("http_handler_config.path", settings.path)
        if settings.timeout <= .zero {
            problems.append(
                DefinitionProblem("http_handler_config.timeout", "must be above 0"))
        }
        return problems
    }

    public func make(_ definition: WatchDefinition, in context: HandlerContext) throws
        -> any WatchHandler
    {
        guard let settings = definition.httpHandler else {
            throw PluginAPIError.refused("http_handler_config is missing")
        }
        return HTTPHandler(settings: settings, context: context)
    }
}

struct HTTPHandler: WatchHandler {
    /// Bytes of a reply kept for the log, as many as Consul keeps of a script's output.
    private static let replyBytesMax = 4096

    let settings: HTTPHandlerDefinition
    let context: HandlerContext

    func run(_ input: HandlerInput) async -> HandlerOutcome {
        var probe = HTTPProbe(settings.path, timeout: settings.timeout)
        probe.method = settings.method
        probe.tlsSkipVerify = settings.tlsSkipVerify
        probe.body = input.payload
        probe.bodyMax = Self.replyBytesMax
        for (name, values) in settings.header.sorted(by: { $0.key < $1.key }) {
            for value in values { probe.headers.append((name, value)) }
        }
        probe.headers.append(("Content-Type", "application/json"))
        probe.headers.append(("X-Consul-Index", input.index))
        do throws(ProbeError) {
            let answer = try await context.http.request(probe)
            let reply = String(decoding: answer.body, as: UTF8.self)
            let isSuccess = (200..<300).contains(answer.status)
            return HandlerOutcome(
                code: answer.status, output: reply,
                failure: isSuccess ? "" : "HTTP status \(answer.status) \(answer.reason)")
        } catch {
            return HandlerOutcome(code: nil, output: "", failure: error.message)
        }
    }
}
