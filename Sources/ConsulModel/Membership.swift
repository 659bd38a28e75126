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

/// Who is in the cluster, and word to all of them.
public protocol Membership: Sendable {
    func members(wan: Bool) -> [Member]
    var localMember: Member { get }
    /// Sends an event to every member of the datacenter; it comes back to this one too.
    func fire(_ event: UserEvent) throws(ConsulError)
    /// - Returns: how many of the addresses were joined.
    func join(_ addresses: [String], wan: Bool) async throws(ConsulError) -> Int
    func forceLeave(_ node: String, prune: Bool) async throws(ConsulError)
    func leave() async
}

/// What changed on a reload, and what a restart would be needed for.
public struct ReloadReport: Record, Hashable, Sendable {
    public var changed: [String] = []
    public var needsRestart: [String] = []
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Changed", &changed)
        try visit.field("NeedsRestart", &needsRestart)
    }
}

/// The agent's own switches, as its API sees them.
public protocol AgentControl: Sendable {
    /// Reads the configuration again; all of it comes into force, or none.
    /// - Parameter isRehearsal: judge and report, but change nothing.
    func reload(isRehearsal: Bool) async throws(ConsulError) -> ReloadReport
    /// Leaves the cluster gracefully and stops the agent.
    func leave() async
}
