import ConsulModel
import HTTPTransport
import Wire

let debugRoutes = [
    Route("/v1/agent/host", ("GET", .operatorRead, .task(DebugRoutes.host))),
    Route("/v1/agent/version", ("GET", .agentRead, .direct(DebugRoutes.version))),
    Route("/debug/pprof/", ("GET", .operatorRead, .direct(DebugRoutes.profile))),
]

/// Routes for debugging the agent.
enum DebugRoutes {
    /// Runs in a task, because it reads files.
    @Sendable static func host(_ exchange: Exchange) async throws(ConsulError) -> HTTPResponse {
        exchange.json(exchange.agent.host())
    }

    /// From newer versions of Consul.
    @Sendable static func version(_ exchange: Exchange) throws(ConsulError) {
        let version = exchange.agent.configuration().0["Version"] ?? .string("")
        exchange.responder.respond(
            exchange.json(
                JSONValue.object([
                    "SHA": .string(""), "BuildDate": .string(""), "HumanVersion": version,
                    "FIPS": .string(""),
                ])))
    }

    /// Consul's profiles are those of Go's runtime, which does not exist here. Without
    /// `enable_debug` the answer is Consul's.
    @Sendable static func profile(_ exchange: Exchange) throws(ConsulError) {
        guard exchange.active.settings.enablesDebug else {
            exchange.responder.respond(.text(401, "ACL support disabled"))
            return
        }
        guard exchange.subject == "cmdline" else {
            exchange.responder.respond(
                .text(
                    404,
                    "There are no profiles in Go's format: look at /metrics, at /v1/agent/host, or "
                        + "run perf record -g -p PID"))
            return
        }
        exchange.responder.respond(
            HTTPResponse(
                status: 200, headers: ["Content-Type": "text/plain; charset=utf-8"],
                body: Array(CommandLine.arguments.joined(separator: "\0").utf8)))
    }
}
