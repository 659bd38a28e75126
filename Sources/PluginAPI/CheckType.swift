public import ConsulModel
public import Primitives

/// A type of health check. It recognises its definitions, says what is wrong with them, and makes
/// probes. Interval, stagger, thresholds, output bound and deregistration are the agent's, for all
/// types alike.
public protocol CheckType: Sendable {
    /// As the catalog's `Type` field shows it: `http`, `script`, `ttl` …
    var kind: String { get }
    /// True when the definition is of this type. Exactly one type of a registry may say so.
    func claims(_ definition: CheckDefinition) -> Bool
    /// Everything wrong with a claimed definition; empty when it can be made.
    func problems(in definition: CheckDefinition) -> [DefinitionProblem]
    func make(_ definition: CheckDefinition, in context: CheckContext) throws -> CheckInstance
}

/// A check ready to run.
public enum CheckInstance: Sendable {
    /// The agent probes it at its interval.
    case polled(any PolledCheck)
    /// It reports by itself, whenever it has something to say.
    case pushed(any PushedCheck)
}

public protocol PolledCheck: Sendable {
    /// One probe. It must end within `timeout` or when its task is cancelled; the agent waits no
    /// longer than a little beyond, then counts the check as critical.
    func probe(timeout: GoDuration) async -> CheckObservation
    /// Used when the definition names none (Consul: 30 s for scripts, 10 s else).
    var defaultTimeout: GoDuration { get }
}

public protocol PushedCheck: Sendable {
    /// Takes the receiver of reports before `run` begins, so that a heartbeat that comes at once is
    /// reported before its caller goes on. Called at most once.
    func attach(_ report: @escaping @Sendable (CheckObservation) -> Void)
    /// Reports until its task is cancelled.
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async
    /// A heartbeat from the API (`PUT /v1/agent/check/pass/:id`).
    /// - Returns: false when this type takes none.
    func heartbeat(_ observation: CheckObservation) -> Bool
}

extension PolledCheck {
    public var defaultTimeout: GoDuration { .seconds(10) }
}

extension PushedCheck {
    public func attach(_ report: @escaping @Sendable (CheckObservation) -> Void) {}
    public func heartbeat(_ observation: CheckObservation) -> Bool { false }
}

/// What one probe found.
public struct CheckObservation: Hashable, Sendable {
    public var status: CheckStatus
    public var output: String
    /// Skip the thresholds: what Consul does for a script that ran out of time.
    public var isFinal = false

    public init(_ status: CheckStatus, _ output: String, isFinal: Bool = false) {
        self.status = status
        self.output = output
        self.isFinal = isFinal
    }
}

/// What a check may touch of the world, and whose check it is.
public struct CheckContext: Sendable {
    public var checkID: String
    public var nodeName: String
    /// Bytes of output worth keeping.
    public var outputMax: Int
    public var processes: any ProcessRunner
    public var http: any HTTPProber
    public var network: any NetworkProber
    public var clock: any WaitingClock
    public var checks: any CheckObserver

    public init(
        checkID: String, nodeName: String, outputMax: Int, processes: any ProcessRunner,
        http: any HTTPProber, network: any NetworkProber, clock: any WaitingClock,
        checks: any CheckObserver
    ) {
        self.checkID = checkID
        self.nodeName = nodeName
        self.outputMax = outputMax
        self.processes = processes
        self.http = http
        self.network = network
        self.clock = clock
        self.checks = checks
    }
}
