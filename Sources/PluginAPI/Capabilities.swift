public import ConsulModel
public import Primitives

/// The reason why a probe got no answer, in words for a check's output.
public struct ProbeError: Error, Hashable, Sendable {
    public var message: String
    public var isTimeout: Bool
    public init(_ message: String, isTimeout: Bool = false) {
        self.message = message
        self.isTimeout = isTimeout
    }
}

// MARK: Programs

public struct ProcessRequest: Sendable {
    public var arguments: [String]
    public var stdin: [UInt8] = []
    /// Added to the agent's own variables, or to the few that `environmentAllowed` lets through.
    public var environment: [String: String] = [:]
    public var environmentAllowed: [String]?
    public var workingDirectory = ""
    public var timeout: GoDuration
    /// Sent to the whole process group at the timeout; SIGKILL follows after `killTimeout`.
    public var killSignal = "SIGKILL"
    public var killTimeout = GoDuration.seconds(0)
    public var outputMax = 4096
    public var user = ""
    public var group = ""
    public var umask = ""
    public var limits: [String: UInt64] = [:]
    /// If not empty, these bytes are written to a temporary file that `user` alone may execute,
    /// whose path becomes the last argument. The file is removed after the run.
    public var script: [UInt8] = []

    public init(_ arguments: [String], timeout: GoDuration) {
        self.arguments = arguments
        self.timeout = timeout
    }
}

public enum ProcessEnding: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut
    case cancelled
    /// The program could not be started; the reason names it.
    case failedToStart(String)
}

public struct ProcessOutcome: Hashable, Sendable {
    public var ending: ProcessEnding
    /// The end of stdout and stderr together, as `TailBuffer.text` renders it.
    public var output: String
    public init(_ ending: ProcessEnding, output: String = "") {
        self.ending = ending
        self.output = output
    }
}

public protocol ProcessRunner: Sendable {
    /// Runs a program to its end. Kills its group at the timeout or when the task is cancelled.
    /// Never throws: the ending reports failures.
    func run(_ request: ProcessRequest) async -> ProcessOutcome

    /// Runs a program to its end, and passes on stdout and stderr as they arrive, instead of their
    /// end in the outcome.
    /// - Parameter output: must be quick; called on a thread that serves every child, and no more
    ///   once this has returned.
    func run(
        _ request: ProcessRequest, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> ProcessOutcome

    /// Starts a program for a conversation line by line.
    /// - Parameter lineMax: bytes; a longer line of output is cut there.
    func start(_ arguments: [String], lineMax: Int) async throws(ProbeError) -> any LineProcess
}

extension ProcessRunner {
    /// Passes on the kept output at the end: the default for runners without streaming.
    public func run(
        _ request: ProcessRequest, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> ProcessOutcome {
        let outcome = await run(request)
        if !outcome.output.isEmpty { output(Array(outcome.output.utf8)) }
        return ProcessOutcome(outcome.ending)
    }
}

/// A running program with line-wise input and output.
public protocol LineProcess: Sendable {
    /// Returns the next line of stdout; nil when the output is over. One reader only.
    func nextLine() async -> [UInt8]?
    /// Writes a line. Returns false when the program takes no more, or does not read in time.
    func send(_ line: [UInt8]) async -> Bool
    /// Returns the end of the output to stderr.
    func stderrTail() -> String
    /// The number of bytes written to stderr.
    var stderrTotal: Int { get }
    /// Kills the whole group, waits for the end, frees everything. May be called again.
    /// - Returns: how it ended, in words; its own end if that came first.
    @discardableResult
    func stop() async -> String
}

// MARK: Network

public struct HTTPProbe: Sendable {
    public var url: String
    public var method = "GET"
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []
    public var timeout: GoDuration
    public var followRedirects = true
    public var tlsSkipVerify = false
    public var tlsServerName = ""
    /// The path of a unix socket to dial instead of the URL's host.
    public var unixSocket = ""
    /// Bytes of the body kept: the last ones, or, with `keepsBodyStart`, the first ones, after
    /// which reading stops.
    public var bodyMax = 4096
    public var keepsBodyStart = false

    public init(_ url: String, timeout: GoDuration) {
        self.url = url
        self.timeout = timeout
    }
}

public struct HTTPProbeAnswer: Sendable {
    public var status: Int
    /// As the server sent it; may be empty.
    public var reason: String
    public var body: [UInt8]
    public init(status: Int, reason: String, body: [UInt8]) {
        self.status = status
        self.reason = reason
        self.body = body
    }
}

public protocol HTTPProber: Sendable {
    func request(_ probe: HTTPProbe) async throws(ProbeError) -> HTTPProbeAnswer
}

public protocol NetworkProber: Sendable {
    /// Connects and closes again.
    func dialTCP(
        host: String, port: Int, tls: Bool, tlsServerName: String, tlsSkipVerify: Bool,
        timeout: GoDuration
    ) async throws(ProbeError)
    /// Sends one datagram. An answer is its bytes; silence until the timeout is nil; a refusal
    /// throws.
    func exchangeUDP(host: String, port: Int, payload: [UInt8], timeout: GoDuration)
        async throws(ProbeError) -> [UInt8]?
}

// MARK: Time and other checks

public protocol WaitingClock: Sendable {
    func now() -> Instant
    /// Returns at the instant, or early and false when the task is cancelled.
    @discardableResult
    func sleep(until deadline: Instant) async -> Bool
}

/// Observes other checks, for aliases.
public protocol CheckObserver: Sendable {
    /// Observes the checks that affect a service of this agent (with those of the node), or the
    /// node alone when `serviceID` is empty; of another node when `node` is given. Calls `notify`
    /// with the first state and then at every change, until the calling task is cancelled. Nil
    /// means no such service, or no such node.
    /// - Parameter checkID: the observing check. This agent's checks that follow it in turn are
    ///   replaced by the checks that they follow.
    func observe(
        node: String, serviceID: String, for checkID: String,
        onChange notify: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async
}
