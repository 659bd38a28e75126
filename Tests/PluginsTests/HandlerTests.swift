import ConsulModel
import HandlerHTTP
import HandlerScript
import PluginAPI
import PluginKit
import Primitives
import Testing

struct ScriptHandlerTests {
    private let kind = ScriptHandlerKind(shell: "/bin/dash")
    private let input = HandlerInput(
        payload: Array("[]\n".utf8), index: "7", environment: ["CONSUL_INDEX": "7"])

    private func definition(_ change: (inout WatchDefinition) -> Void) -> WatchDefinition {
        var definition = WatchDefinition()
        change(&definition)
        return definition
    }

    private func run(_ definition: WatchDefinition, _ outcome: ProcessOutcome = .init(.exited(0)))
        async throws -> (ProcessRequest, HandlerOutcome)
    {
        var script = Scripted()
        script.processes.answer = { _ in outcome }
        let handler = kind.make(definition, in: script.handlerContext)
        let result = await handler.run(input)
        return (try #require(script.processes.asked.values.first), result)
    }

    @Test func exactlyOneProgramIsNamed() {
        #expect(kind.kind == "script")
        #expect(kind.problems(in: definition { $0.args = ["a"] }).isEmpty)
        #expect(kind.problems(in: definition { $0.handler = "a | b" }).isEmpty)
        #expect(
            kind.problems(in: WatchDefinition()) == [
                DefinitionProblem("", "Must define a watch handler")
            ])
        #expect(
            kind.problems(
                in: definition {
                    $0.args = [""]
                    $0.handler = "b"
                }) == [
                    DefinitionProblem("args", "Only one watch handler allowed"),
                    DefinitionProblem("args[0]", "the program's name is empty"),
                ])
        #expect(
            kind.problems(
                in: definition {
                    $0.handler = "b"
                    $0.httpHandler = HTTPHandlerDefinition()
                }) == [DefinitionProblem("handler", "Only one watch handler allowed")])
    }

    @Test func dataGoesToStdinAndVariables() async throws {
        let (request, outcome) = try await run(
            definition { $0.args = ["/bin/on", "x"] }, .init(.exited(0), output: "done"))
        #expect(request.arguments == ["/bin/on", "x"])
        #expect(request.stdin == Array("[]\n".utf8))
        #expect(request.environment == ["CONSUL_INDEX": "7"])
        #expect(request.environmentAllowed == nil)
        #expect(request.timeout.nanoseconds == .max)
        #expect(request.killSignal == "SIGKILL")
        #expect(outcome == HandlerOutcome(code: 0, output: "done"))
        let (shelled, _) = try await run(definition { $0.handler = "a | b" })
        #expect(shelled.arguments == ["/bin/dash", "-c", "a | b"])
    }

    @Test func boundsAndSandboxArePassedOn() async throws {
        let (request, _) = try await run(
            definition {
                $0.args = ["a"]
                $0.timeout = .seconds(3)
                $0.killSignal = "SIGTERM"
                $0.killTimeout = .seconds(2)
                var sandbox = SandboxDefinition()
                sandbox.user = "nobody"
                sandbox.group = "nogroup"
                sandbox.workingDirectory = "/tmp"
                sandbox.environment = ["PATH"]
                sandbox.umask = "077"
                sandbox.limits = ["nofile": 64]
                $0.sandbox = sandbox
            })
        #expect(request.timeout == .seconds(3))
        #expect(request.killSignal == "SIGTERM")
        #expect(request.killTimeout == .seconds(2))
        #expect(request.user == "nobody" && request.group == "nogroup")
        #expect(request.workingDirectory == "/tmp")
        #expect(request.environmentAllowed == ["PATH"])
        #expect(request.umask == "077")
        #expect(request.limits == ["nofile": 64])
    }

    @Test(arguments: [
        (ProcessEnding.exited(3), "exit status 3"), (.signalled(9), "signal: 9"),
        (.timedOut, "timed out after 3s; its process group was killed"),
        (.cancelled, "killed"), (.failedToStart("no such file"), "no such file"),
    ])
    func badEndingsAreFailures(_ ending: ProcessEnding, _ failure: String) async throws {
        let code: Int? = if case .exited(let code) = ending { Int(code) } else { nil }
        let (_, outcome) = try await run(
            definition {
                $0.args = ["a"]
                $0.timeout = .seconds(3)
            }, ProcessOutcome(ending, output: "said"))
        #expect(outcome == HandlerOutcome(code: code, output: "said", failure: failure))
        #expect(!outcome.succeeded)
    }
}

struct HTTPHandlerTests {
    private let kind = HTTPHandlerKind()

    private func definition(_ change: (inout HTTPHandlerDefinition) -> Void) -> WatchDefinition {
        var settings = HTTPHandlerDefinition()
        settings.path = "http://hook.local/x"
        change(&settings)
        var definition = WatchDefinition()
        definition.handlerType = "http"
        definition.httpHandler = settings
        return definition
    }

    @Test func needsAURLAndATimeout() {
        #expect(kind.kind == "http")
        #expect(kind.problems(in: definition { _ in }).isEmpty)
        #expect(
            kind.problems(in: WatchDefinition()) == [
                DefinitionProblem(
                    "http_handler_config", "Must define a watch handler: its path is missing")
            ])
        #expect(
            kind.problems(
                in: definition {
                    $0.path = "hook"
                    $0.timeout = .zero
                }) == [
                    DefinitionProblem(
                        "http_handler_config.path",
                        "\"hook\" is not a URL: begin with http:// or https://"),
                    DefinitionProblem("http_handler_config.timeout", "must be above 0"),
                ])
        var both = definition { _ in }
        both.args = ["a"]
        #expect(
            kind.problems(in: both) == [
                DefinitionProblem("handler_type", "Only one watch handler allowed")
            ])
    }

    @Test func dataIsTheBodyAndTheIndexAHeader() async throws {
        var script = Scripted()
        script.http.answer = { _ in
            .success(HTTPProbeAnswer(status: 204, reason: "No Content", body: Array("r".utf8)))
        }
        let handler = try kind.make(
            definition {
                $0.method = "PUT"
                $0.header = ["X-B": ["2"], "X-A": ["1", "3"]]
                $0.timeout = .seconds(4)
                $0.tlsSkipVerify = true
            }, in: script.handlerContext)
        let outcome = await handler.run(
            HandlerInput(payload: Array("{}".utf8), index: "9", environment: [:]))
        #expect(outcome == HandlerOutcome(code: 204, output: "r"))
        let probe = try #require(script.http.asked.values.first)
        #expect(probe.method == "PUT")
        #expect(probe.url == "http://hook.local/x")
        #expect(probe.body == Array("{}".utf8))
        #expect(probe.timeout == .seconds(4))
        #expect(probe.tlsSkipVerify)
        #expect(
            probe.headers.map { "\($0.name)=\($0.value)" } == [
                "X-A=1", "X-A=3", "X-B=2", "Content-Type=application/json", "X-Consul-Index=9",
            ])
    }

    @Test func otherStatusesAndErrorsAreFailures() async throws {
        var script = Scripted()
        let input = HandlerInput(payload: [], index: "1", environment: [:])
        script.http.answer = { _ in
            .success(HTTPProbeAnswer(status: 500, reason: "Oops", body: Array("no".utf8)))
        }
        let bad = try kind.make(definition { _ in }, in: script.handlerContext)
        #expect(
            await bad.run(input)
                == HandlerOutcome(code: 500, output: "no", failure: "HTTP status 500 Oops"))
        script.http.answer = { _ in .failure(ProbeError("timed out", isTimeout: true)) }
        let slow = try kind.make(definition { _ in }, in: script.handlerContext)
        #expect(
            await slow.run(input) == HandlerOutcome(code: nil, output: "", failure: "timed out"))
    }
}
