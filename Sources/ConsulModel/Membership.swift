public import Vivaldi
public import Wire

/// A member of the gossip pool, as `/v1/agent/members` shows it.
public struct Member: Record, Hashable, Sendable {
    /// serf's numbers.
    public enum Status: Int, Sendable { case none, alive, leaving, left, failed }

    public var name = ""
    public var addr = ""
    public var port = 0
    public var tags: [String: String] = [:]
    public var status = 1
    public var protocolMin = 1
    public var protocolMax = 5
    public var protocolCur = 2
    public var delegateMin = 2
    public var delegateMax = 5
    public var delegateCur = 4
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Addr", &addr)
        try visit.field("Port", &port)
        try visit.field("Tags", &tags)
        try visit.field("Status", &status)
        try visit.field("ProtocolMin", &protocolMin)
        try visit.field("ProtocolMax", &protocolMax)
        try visit.field("ProtocolCur", &protocolCur)
        try visit.field("DelegateMin", &delegateMin)
        try visit.field("DelegateMax", &delegateMax)
        try visit.field("DelegateCur", &delegateCur)
    }
}

/// The members of the cluster, and events for all of them.
public protocol Membership: Sendable {
    func members(wan: Bool) -> [Member]
    var localMember: Member { get }
    /// This node's position in the datacenter's network; the origin while nothing is measured.
    var coordinate: Coordinate { get }
    /// Sends an event to every member of the datacenter, this one included.
    func fire(_ event: UserEvent) throws(ConsulError)
    /// - Returns: the number of addresses that were joined.
    func join(_ addresses: [String], wan: Bool) async throws(ConsulError) -> Int
    func forceLeave(_ node: String, prune: Bool) async throws(ConsulError)
    func leave() async
    /// Asks the members of the datacenter, and returns when all have answered or the time is over.
    func query(_ query: PoolQuery) async throws(ConsulError) -> PoolAnswers
    /// Runs an operation on the gossip keys of every member, first of the pool between datacenters.
    /// - Parameters:
    ///   - relayFactor: members that also carry each answer, 0...5.
    ///   - isLocalOnly: leaves out the pool between datacenters.
    /// - Returns: a report of each pool; faults are in `KeyringReport.error`.
    func keyring(
        _ operation: KeyringOperation, relayFactor: Int, isLocalOnly: Bool
    ) async throws(ConsulError) -> [KeyringReport]
}

/// The settings that a reload changed, and those that need a restart.
public struct ReloadReport: Record, Hashable, Sendable {
    public var changed: [String] = []
    public var needsRestart: [String] = []
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Changed", &changed)
        try visit.field("NeedsRestart", &needsRestart)
    }
}

/// The agent's own operations, for its API.
public protocol AgentControl: Sendable {
    /// Reads the configuration again; all of it takes effect, or none.
    /// - Parameter isRehearsal: validates and reports, but changes nothing.
    func reload(isRehearsal: Bool) async throws(ConsulError) -> ReloadReport
    /// Leaves the cluster gracefully and stops the agent.
    func leave() async
}
