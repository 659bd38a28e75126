public import Primitives
public import Wire

/// A holder of locks on keys, which lives as long as its node, its checks and its TTL.
public struct Session: Record, Hashable, Sendable {
    /// A UUID from the leader.
    public var id = ""
    public var name = ""
    public var node = ""
    /// The time during which a lost lock cannot be acquired again; more than a minute counts as
    /// one, less than 1 ns as none.
    public var lockDelayNanoseconds = 0
    /// One of the texts of `SessionBehavior`.
    public var behavior = ""
    /// Go's text of a duration; empty or `0s` for no TTL.
    public var ttl = ""
    /// Nil and empty differ on the wire only.
    public var nodeChecks: [String]?
    public var serviceChecks: [SessionServiceCheck]?
    /// An older spelling of `nodeChecks`; both count.
    public var checks: [String] = []
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Name", &name)
        try visit.field("Node", &node)
        try visit.field("LockDelay", &lockDelayNanoseconds)
        try visit.field("Behavior", &behavior)
        try visit.field("TTL", &ttl)
        try visit.field("NodeChecks", &nodeChecks)
        try visit.field("ServiceChecks", &serviceChecks)
        try visit.field("Checks", &checks, [.binaryOnly, .omitEmpty])
        try visit.embed(&raftIndex)
    }

    /// All checks on which the session depends, in the order of their validation.
    public var checkIDs: [String] {
        checks + (nodeChecks ?? []) + (serviceChecks ?? []).map { $0.id }
    }

    /// Nil for a session without a TTL.
    public var timeToLive: GoDuration? {
        guard let ttl = GoDuration(ttl), ttl > .zero else { return nil }
        return ttl
    }
}

/// The effect of a session's end on its keys.
public enum SessionBehavior: String, Sendable {
    /// The keys stay, unlocked.
    case release
    case delete
}

/// A service's check on which a session depends.
public struct SessionServiceCheck: Record, Hashable, Sendable {
    public var id = ""
    public var namespace = ""
    public init() {}
    public init(id: String) { self.id = id }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ID", &id)
        try visit.field("Namespace", &namespace)
    }
}

/// A session and its locks: `?locks` of the HTTP API, which is not in HashiCorp Consul.
public struct SessionWithLocks: Record, Hashable, Sendable {
    public var session = Session()
    /// In byte order of their keys.
    public var locks: [SessionLock] = []
    public init() {}
    public init(_ session: Session, _ locks: [SessionLock]) {
        self.session = session
        self.locks = locks
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.embed(&session)
        try visit.field("Locks", &locks)
    }
}

/// A key that a session holds.
public struct SessionLock: Record, Hashable, Sendable {
    public var key = ""
    public var lockIndex: UInt64 = 0
    public var modifyIndex: UInt64 = 0
    public init() {}
    public init(_ entry: KVEntry) {
        key = entry.key
        lockIndex = entry.lockIndex
        modifyIndex = entry.raftIndex.modifyIndex
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Key", &key)
        try visit.field("LockIndex", &lockIndex)
        try visit.field("ModifyIndex", &modifyIndex)
    }
}

/// The effect of a write on a session.
public enum SessionOperation: String, Sendable { case create, destroy }

/// An unknown verb is an error of the format.
extension SessionOperation: WireValue {
    public init() { self = .create }
    @inlinable public var isWireEmpty: Bool { false }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.string(rawValue)
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        let verb = try decoder.string()
        guard let known = SessionOperation(rawValue: verb) else { throw UnknownVerb(verb: verb) }
        self = known
    }
}

/// A write of a session. For `destroy`, only the ID matters.
public struct SessionRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var operation = SessionOperation.create
    public var session = Session()
    public var token = ""
    public init() {}
    public init(_ operation: SessionOperation, _ session: Session) {
        self.operation = operation
        self.session = session
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Op", &operation)
        try visit.field("Session", &session)
        try visit.field("Token", &token)
    }
}

/// A read of one session, or its renewal.
public struct SessionSpecificRequest: ReadRequest {
    /// A session's ID; empty for all sessions, where the call allows it.
    public var sessionID = ""
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ sessionID: String, _ options: QueryOptions = QueryOptions()) {
        self.sessionID = sessionID
        self.options = options
    }

    /// `Session` is an older spelling of the ID; servers understand either.
    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        var older = sessionID
        try visit.field("Session", &older)
        try visit.field("SessionID", &sessionID)
        if sessionID.isEmpty, !older.isEmpty { sessionID = older }
        try visit.embed(&options)
    }
}

public struct IndexedSessions: IndexedReply, Hashable, Sendable {
    public var value: [Session] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Sessions", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedSessionsWithLocks: IndexedReply, Hashable, Sendable {
    public var value: [SessionWithLocks] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Sessions", &value)
        try visit.embed(&meta)
    }
}
