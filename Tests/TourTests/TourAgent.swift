import Glibc
import Platform
import Primitives
import TestKit

/// The shipped agent, run as by `make run`, from the root of the project, but on a free port.
final class TourAgent {
    let port: Int
    private let child: ChildProcess
    private let binary: String
    private let deployDirectory: String

    static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3).joined(separator: "/")

    /// The program's path, next to the test bundle.
    static let binary: String = {
        let executable = (try? Files.read("/proc/self/cmdline", limit: 1 << 20)) ?? []
        let words = executable.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let bundle = words.first { $0.contains("PackageTests.xctest") } ?? words.first ?? ""
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false)
            .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
        return "\(folder)/consul"
    }()

    init(deployDirectory: String) throws {
        let ports = try FreePorts.take(4)
        port = ports[0]
        binary = Self.binary
        self.deployDirectory = deployDirectory
        var spec = ProcessSpec([
            binary, "agent", "-dev", "-node", "tour", "-config-dir", "config.d", "-http-port",
            "\(port)", "-dns-port=-1", "-enable-local-script-checks", "-server-port=\(ports[1])",
            "-serf-lan-port=\(ports[2])", "-serf-wan-port=\(ports[3])",
        ])
        spec.workingDirectory = Self.root
        spec.environment = .inherited(adding: [
            "TOUR_HTTP_PORT": "\(port)", "DEPLOY_DIR": deployDirectory,
            "TOUR_DIR": deployDirectory,
        ])
        child = try ChildProcess.start(spec)
        let lines = child.lines
        Task { for await _ in lines {} }
    }

    /// Runs a command line of the tour against this agent.
    func consul(_ words: String...) async -> (code: Int32, output: String) {
        var spec = ProcessSpec([binary] + words)
        spec.workingDirectory = Self.root
        spec.environment = .inherited(adding: ["CONSUL_HTTP_ADDR": "127.0.0.1:\(port)"])
        spec.timeout = .seconds(30)
        spec.outputLimit = 1 << 16
        let outcome = await ProcessRun.run(spec)
        if case .exited(let code) = outcome.ending { return (code, outcome.output) }
        return (-1, "\(outcome.ending): \(outcome.output)")
    }

    /// Retries until the condition holds, at most half a minute.
    func eventually(_ condition: () async -> Bool) async -> Bool {
        let deadline = SystemClock.now() + .seconds(30)
        while SystemClock.now() < deadline {
            if await condition() { return true }
            try? await Task.sleep(nanoseconds: 50_000_000)
        }
        return false
    }

    func reloadBySignal() { child.signal(SIGHUP) }

    /// Stops the agent.
    /// - Returns: how the process ended.
    func stop() async -> ChildEnding { await child.terminate(signal: SIGTERM) }
}
