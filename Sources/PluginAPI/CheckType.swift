public import ConsulModel
public import Primitives

/// A type of health check. It recognises its definitions, finds their faults, and makes probes.
/// Interval, stagger, thresholds, output bound and deregistration are the agent's, for all types
/// alike.
public protocol CheckType: Sendable {
    /// The value of the catalog's `Type` field: `http`, `script`, `ttl` …
    var kind: String { get }
    /// Returns true when the definition is of this type. Exactly one type of a registry may claim
    /// it.
    func claims(_ definition: CheckDefinition) -> Bool
    /// Returns the faults of a claimed definition; empty when it can be made.
    func problems(in definition: CheckDefinition) -> [DefinitionProblem]
    func make(_ definition: CheckDefinition, in context: CheckContext) throws -> CheckInstance
}

/// A check ready to run.
public enum CheckInstance: Sendable {
    /// The agent probes it at its interval.
    case polled(any PolledCheck)
    /// The check reports by itself, at any time.
    case pushed(any PushedCheck)
}

public protocol PolledCheck: Sendable {
    /// Runs one probe. It must end within `timeout` or when its task is cancelled; after a short
    /// grace period the agent stops waiting and counts the check as critical.
    func probe(timeout: GoDuration) async -> CheckObservation
    /// The timeout of a definition without one (Consul: 30 s for scripts, 10 s otherwise).
    var defaultTimeout: GoDuration { get }
}

public protocol PushedCheck: Sendable {
    /// Sets the receiver of reports before `run` begins, so that an early heartbeat is reported
    /// before its caller continues. Called at most once.
    func attach(_ report: @escaping @Sendable (CheckObservation) -> Void)
    /// Reports until its task is cancelled.
    func run(reporting report: @escaping @Sendable (CheckObservation) -> Void) async
    /// Accepts a heartbeat from the API (`PUT /v1/agent/check/pass/:id`).
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

/// The result of one probe.
public struct CheckObservation: Hashable, Sendable {
    public var status: CheckStatus
    public var output: String
    /// Skips the thresholds, as Consul does for a script that exceeds its timeout.
    public var isFinal = false

    public init(_ status: CheckStatus, _ output: String, isFinal: Bool = false) {
        self.status = status
        self.output = output
        self.isFinal = isFinal
    }
}

/// A check's capabilities, its ID and its node.
public struct CheckContext: Sendable {
    public var checkID: String
    public var nodeName: String
    /// Bytes of output to keep.
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
