public import ConsulModel
import Primitives

/// A kind of watch handler: `script`, `http`, or one of an external plugin.
public protocol HandlerKind: Sendable {
    /// The value of `handler_type`.
    var kind: String { get }
    func problems(in definition: WatchDefinition) -> [DefinitionProblem]
    func make(_ definition: WatchDefinition, in context: HandlerContext) throws -> any WatchHandler
}

public struct HandlerContext: Sendable {
    /// Runs programs. The agent passes `RealProcesses` of ConsulAgent, tests pass scripted ones.
    public var processes: any ProcessRunner
    public var http: any HTTPProber
    public init(processes: any ProcessRunner, http: any HTTPProber) {
        self.processes = processes
        self.http = http
    }
}

/// Holds the data of a watch's change, for one run of a handler.
public struct HandlerInput: Hashable, Sendable {
    /// Compact JSON of the data, with a line break at its end.
    public var payload: [UInt8]
    /// `CONSUL_INDEX` and, for HTTP, `X-Consul-Index`: decimal, or a content hash.
    public var index: String
    /// Further variables: `CONSUL_NODE`, `CONSUL_WATCH_TYPE` …
    public var environment: [String: String]

    public init(payload: [UInt8], index: String, environment: [String: String]) {
        self.payload = payload
        self.index = index
        self.environment = environment
    }
}

/// The result of a handler's run.
public struct HandlerOutcome: Hashable, Sendable {
    /// An exit code or an HTTP status; nil when there was neither.
    public var code: Int?
    /// The end of its output or reply.
    public var output: String
    /// Empty when it succeeded.
    public var failure: String
    public var succeeded: Bool { failure.isEmpty }

    public init(code: Int?, output: String, failure: String = "") {
        self.code = code
        self.output = output
        self.failure = failure
    }
}

public protocol WatchHandler: Sendable {
    /// Runs once, to the end, to its own timeout, or until its task is cancelled.
    func run(_ input: HandlerInput) async -> HandlerOutcome
}
