import CheckDocker
import ConsulModel
import Glibc
import Logging
import NIOCore
import NIOPosix
import PluginAPI
import PluginKit
import Primitives
import TestKit
import Testing

@testable import ConsulAgent
@testable import HTTPTransport
@testable import Platform

/// Implements Docker's API for an exec.
private final class ScriptedDocker: HTTPHandler {
    let asked = Recorder<String>()
    let createStatus: Int
    let output: [UInt8]
    let exitCode: Int
    let answersStart: Bool

    init(createStatus: Int, output: [UInt8], exitCode: Int, answersStart: Bool) {
        self.createStatus = createStatus
        self.output = output
        self.exitCode = exitCode
        self.answersStart = answersStart
    }

    func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        let body = String(decoding: request.body, as: UTF8.self)
        asked.add("\(request.method) \(request.path) \(body)")
        switch request.path {
        case "/containers/web/exec":
            let text =
                createStatus == 201
                ? #"{"Id":"e1"}"# : #"{"message":"No such container: web"}"#
            responder.respond(.text(createStatus, text))
        case "/exec/e1/start":
            if answersStart { responder.respond(HTTPResponse(status: 200, body: output)) }
        case "/exec/e1/json":
            responder.respond(.text(200, #"{"ExitCode":\#(exitCode),"Running":false}"#))
        default: responder.respond(.text(404, "{}"))
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct DockerCheckTests {
    private func definition(_ change: (inout CheckDefinition) -> Void = { _ in })
        -> CheckDefinition
    {
        var definition = CheckDefinition()
        definition.dockerContainerID = "web"
        definition.args = ["/check", "-v"]
        definition.interval = .seconds(1)
        change(&definition)
        return definition
    }

    private func frame(_ stream: UInt8, _ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [stream, 0, 0, 0, 0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }

    /// Probes through a real socket.
    private func probe(
        _ definition: CheckDefinition, create: Int = 201, output: [UInt8] = [], code: Int = 0,
        answersStart: Bool = true, timeout: GoDuration = .seconds(10)
    ) async throws -> (CheckObservation, [String]) {
        let folder = try TestFolder("docker")
        defer { withExtendedLifetime(folder) {} }
        let socket = "\(folder.path)/docker.sock"
        let docker = ScriptedDocker(
            createStatus: create, output: output, exitCode: code, answersStart: answersStart)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await HTTPServer.start(
            listeners: [.unix(path: socket)], handler: docker, on: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let client = ProbeClient(on: group)
        let script = Scripted()
        var context = script.context()
        context.http = RealHTTP(client: client, tls: nil)
        context.clock = RealClock()
        let type = DockerCheckType(socket: socket)
        guard case .polled(let check) = type.make(definition, in: context) else {
            throw ProbeError("not polled")
        }
        let found = await check.probe(timeout: timeout)
        await server.stop()
        try await group.shutdownGracefully()
        return (found, docker.asked.values)
    }

    @Test func claimsAContainerAndValidatesIt() {
        let type = DockerCheckType()
        #expect(type.kind == "docker")
        #expect(type.claims(definition()))
        #expect(!type.claims(definition { $0.dockerContainerID = "" }))
        #expect(type.problems(in: definition()).isEmpty)
        #expect(
            type.problems(
                in: definition {
                    $0.args = []
                    $0.dockerContainerID = "../x"
                }) == [
                    DefinitionProblem("args", "a Docker check needs the program to run"),
                    DefinitionProblem(
                        "docker_container_id", "is not a container's ID or name"),
                ])
    }

    @Test(arguments: [(0, CheckStatus.passing), (1, .warning), (2, .critical), (127, .critical)])
    func exitCodeDecides(_ code: Int, _ status: CheckStatus) async throws {
        let (found, asked) = try await probe(
            definition(), output: frame(1, "out\n") + frame(2, "err\n"), code: code)
        #expect(found == CheckObservation(status, "out\nerr\n"))
        #expect(
            asked == [
                #"POST /containers/web/exec {"AttachStderr":true,"AttachStdin":false,"#
                    + #""AttachStdout":true,"Cmd":["/check","-v"],"Tty":false}"#,
                #"POST /exec/e1/start {"Detach":false,"Tty":false}"#, "GET /exec/e1/json ",
            ])
    }

    /// HashiCorp's agent takes `shell` for its former `script` alone.
    @Test func argumentsKeepTheirBounds() async throws {
        let words = ["check.sh", "a b", "$X"]
        for shell in ["", "/bin/bash"] {
            let (_, asked) = try await probe(
                definition {
                    $0.args = words
                    $0.shell = shell
                })
            #expect(asked[0].contains(#""Cmd":["check.sh","a b","$X"]"#))
        }
    }

    @Test func unframedOutputStaysUnchanged() async throws {
        let (found, _) = try await probe(definition(), output: Array("a terminal's".utf8))
        #expect(found.output == "a terminal's")
    }

    @Test func missingContainerIsCritical() async throws {
        let (found, asked) = try await probe(definition(), create: 404)
        #expect(
            found
                == CheckObservation(
                    .critical, "Docker refused to make an exec: 404 No such container: web"))
        #expect(asked.count == 1)
    }

    @Test func execThatHangsTimesOut() async throws {
        let (found, _) = try await probe(
            definition(), answersStart: false, timeout: .milliseconds(300))
        #expect(
            found
                == CheckObservation(
                    .critical, "Timed out (300ms) running check", isFinal: true))
    }

    @Test func withoutDockerItIsCritical() async throws {
        var script = Scripted()
        script.http.answer = { _ in .failure(ProbeError("connect: no such file or directory")) }
        let check = try DockerCheckType(socket: "/nowhere").polled(definition(), script)
        #expect(
            await check.probe(timeout: .seconds(1))
                == CheckObservation(.critical, "connect: no such file or directory"))
        #expect(script.http.asked.values[0].unixSocket == "/nowhere")
    }
}
