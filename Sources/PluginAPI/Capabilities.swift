public import ConsulModel
public import Primitives

/// Why a probe got no answer, in the words that go into a check's output.
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
    /// Sent to the whole process group when time is up; then SIGKILL after `killTimeout`.
    public var killSignal = "SIGKILL"
    public var killTimeout = GoDuration.seconds(0)
    public var outputMax = 4096
    public var user = ""
    public var group = ""
    public var umask = ""
    public var limits: [String: UInt64] = [:]
    /// Not empty: these bytes are put into a file of their own that may be executed, by `user`
    /// alone, whose path becomes the last argument; it is gone after the run.
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
    /// It could not be started; the reason names the program.
    case failedToStart(String)
}

public struct ProcessOutcome: Hashable, Sendable {
    public var ending: ProcessEnding
    /// The end of stdout and stderr together, as `TailBuffer.text` shows it.
    public var output: String
    public init(_ ending: ProcessEnding, output: String = "") {
        self.ending = ending
        self.output = output
    }
}

public protocol ProcessRunner: Sendable {
    /// Runs a program to its end. The group is killed when time is up or the task is cancelled.
    /// Never throws: what went wrong is the ending.
    func run(_ request: ProcessRequest) async -> ProcessOutcome

    /// The same, with stdout and stderr as they come, instead of their end in the outcome.
    /// - Parameter output: must be quick; called on a thread that serves every child, and no more
    ///   once this has returned.
    func run(
        _ request: ProcessRequest, output: @escaping @Sendable ([UInt8]) -> Void
    ) async -> ProcessOutcome

    /// Starts a program that is talked to line by line.
    /// - Parameter lineMax: bytes; a longer line of output is cut there.
    func start(_ arguments: [String], lineMax: Int) async throws(ProbeError) -> any LineProcess
}

extension ProcessRunner {
    /// All that is kept, at the end: for runners that have nothing better.
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
    /// Lines of stdout, one at a time; nil when the output is over. One reader only.
    func nextLine() async -> [UInt8]?
    /// Writes a line; false when the program takes no more, or does not read in time.
    func send(_ line: [UInt8]) async -> Bool
    /// The end of what it wrote to stderr.
    func stderrTail() -> String
    /// All bytes it wrote there.
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
    /// Path of a unix socket to dial instead of the URL's host.
    public var unixSocket = ""
    /// Bytes of the body kept: the last ones, or the first ones with `keepsBodyStart`, where what
    /// follows is not read.
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

/// Other checks, for aliases.
public protocol CheckObserver: Sendable {
    /// The checks that bear on a service of this agent (with those of the node), or on the node
    /// alone when `serviceID` is empty; of another node when `node` is given. Each state is told
    /// once at first and then at every change, until the returned call's task is cancelled. Nil: no
    /// such service, or no such node.
    /// - Parameter checkID: the check that asks. Of this agent's checks that follow it in turn, the
    ///   checks behind them are given in their place.
    func observe(
        node: String, serviceID: String, for checkID: String,
        telling tell: @escaping @Sendable ([HealthCheck]?) -> Void
    ) async
}
