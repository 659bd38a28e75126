public import ConsulModel
public import PluginAPI
import Primitives
import Wire

/// `docker_container_id` and `args` with an interval: runs a program inside a container through
/// Docker's socket; exit codes as for scripts.
public struct DockerCheckType: CheckType {
    public let kind = "docker"
    public let socket: String

    /// Makes the type.
    /// - Parameter socket: path of Docker's socket; `DOCKER_HOST=unix://…` names another.
    public init(socket: String = "/var/run/docker.sock") { self.socket = socket }

    public func claims(_ definition: CheckDefinition) -> Bool {
        !definition.dockerContainerID.isEmpty && definition.type.isEmpty
    }

    public func problems(in definition: CheckDefinition) -> [DefinitionProblem] {
        var problems = CheckRules.intervalProblems(in: definition)
        if definition.args.isEmpty {
            problems.append(DefinitionProblem("args", "a Docker check needs the program to run"))
        }
        let isPlain = definition.dockerContainerID.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
                || [0x2D, 0x2E, 0x5F].contains($0)
        }
        if !isPlain {
            problems.append(
                DefinitionProblem("docker_container_id", "is not a container's ID or name"))
        }
        return problems
    }

    public func make(_ definition: CheckDefinition, in context: CheckContext) -> CheckInstance {
        .polled(DockerCheck(definition: definition, socket: socket, context: context))
    }
}

/// Docker Engine API: creates an exec instance, starts it, queries how it ended.
struct DockerCheck: PolledCheck {
    let definition: CheckDefinition
    let socket: String
    let context: CheckContext

    func probe(timeout: GoDuration) async -> CheckObservation {
        let deadline = context.clock.now() + timeout
        do throws(ProbeError) {
            let id = try await createExec(until: deadline)
            let output = try await startExec(id, until: deadline)
            let code = try await exitCode(id, until: deadline)
            return CheckObservation(ExitCodes.status(code), output)
        } catch {
            return CheckObservation(
                .critical,
                error.isTimeout ? "Timed out (\(timeout)) running check" : error.message,
                isFinal: error.isTimeout)
        }
    }

    private func createExec(until deadline: Instant) async throws(ProbeError) -> String {
        let body = JSONValue.object([
            "AttachStdin": .bool(false), "AttachStdout": .bool(true),
            "AttachStderr": .bool(true), "Tty": .bool(false),
            // Unchanged: `shell` applies to Consul's former `script` alone.
            "Cmd": .array(definition.args.map { .string($0) }),
        ])
        let answer = try await call(
            "POST", "/containers/\(definition.dockerContainerID)/exec", body, until: deadline)
        guard answer.status == 201, let id = Self.object(answer)?["Id"]?.stringValue else {
            throw ProbeError("Docker refused to make an exec: \(Self.reason(answer))")
        }
        return id
    }

    private func startExec(_ id: String, until deadline: Instant) async throws(ProbeError)
        -> String
    {
        let body = JSONValue.object(["Detach": .bool(false), "Tty": .bool(false)])
        let answer = try await call("POST", "/exec/\(id)/start", body, until: deadline)
        guard answer.status == 200 else {
            throw ProbeError("Docker refused to start the exec: \(Self.reason(answer))")
        }
        var tail = TailBuffer(limit: context.outputMax)
        DockerStream.unwrap(answer.body) { tail.append($0) }
        return tail.text
    }

    private func exitCode(_ id: String, until deadline: Instant) async throws(ProbeError)
        -> Int32
    {
        let answer = try await call("GET", "/exec/\(id)/json", nil, until: deadline)
        guard answer.status == 200, let code = Self.object(answer)?["ExitCode"]?.integerValue
        else {
            throw ProbeError("Docker does not report how the exec ended: \(Self.reason(answer))")
        }
        return Int32(truncatingIfNeeded: code)
    }

    private func call(
        _ method: String, _ path: String, _ body: JSONValue?, until deadline: Instant
    ) async throws(ProbeError) -> HTTPProbeAnswer {
        let left = deadline - context.clock.now()
        guard left > .zero else { throw ProbeError("timed out", isTimeout: true) }
        var probe = HTTPProbe("http://docker\(path)", timeout: left)
        probe.method = method
        probe.unixSocket = socket
        probe.bodyMax = 256 << 10
        probe.keepsBodyStart = true
        if let body {
            probe.headers = [("Content-Type", "application/json")]
            probe.body = JSONWriter.encode(body)
        }
        return try await context.http.request(probe)
    }

    private static func object(_ answer: HTTPProbeAnswer) -> JSONValue? {
        try? JSONReader.decode(JSONValue.self, from: answer.body)
    }

    private static func reason(_ answer: HTTPProbeAnswer) -> String {
        let said = object(answer)?["message"]?.stringValue
        let text = said ?? String(decoding: answer.body.prefix(200), as: UTF8.self)
        return "\(answer.status) \(text)"
    }
}

/// Decodes Docker's framing of an exec's two output streams: a byte for the stream, three zeros, a
/// length in four bytes, big-endian.
enum DockerStream {
    static func unwrap(_ bytes: [UInt8], _ take: (ArraySlice<UInt8>) -> Void) {
        var rest = bytes[...]
        while rest.count >= 8 {
            let head = Array(rest.prefix(8))
            guard head[0] <= 2, head[1] == 0, head[2] == 0, head[3] == 0 else { break }
            let length = head[4...].reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(8)
            take(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        // Not framed: a terminal's output, kept unchanged.
        take(rest)
    }
}
