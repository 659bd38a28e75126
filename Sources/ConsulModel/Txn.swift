public import Primitives
public import Wire

/// Several operations that are applied together or not at all.
public struct TxnRequest: Record, ClusterRequest, Hashable {
    public var datacenter = ""
    public var operations: [TxnOperation] = []
    public var token = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Ops", &operations)
        try visit.field("Token", &token)
    }
}

/// One operation of a transaction, about one subject; of several, the first in this order counts.
/// Operations on intentions are not known here: a transaction with one must not be applied.
public struct TxnOperation: Record, Hashable, Sendable {
    public var kv: TxnKVOperation?
    // Most transactions are about keys, and have many operations.
    @usableFromInline var boxedNode = Boxed<TxnNodeOperation>()
    @usableFromInline var boxedService = Boxed<TxnServiceOperation>()
    @usableFromInline var boxedCheck = Boxed<TxnCheckOperation>()
    @usableFromInline var boxedSession = Boxed<TxnSessionOperation>()
    public var intention = JSONValue.null

    public var node: TxnNodeOperation? {
        get { boxedNode.value }
        set { boxedNode.value = newValue }
    }
    public var service: TxnServiceOperation? {
        get { boxedService.value }
        set { boxedService.value = newValue }
    }
    public var check: TxnCheckOperation? {
        get { boxedCheck.value }
        set { boxedCheck.value = newValue }
    }
    public var session: TxnSessionOperation? {
        get { boxedSession.value }
        set { boxedSession.value = newValue }
    }

    public init() {}
    public init(_ kv: TxnKVOperation) { self.kv = kv }

    @inlinable public var isKnown: Bool { intention == .null }

    /// True when the operation changes nothing.
    public var isRead: Bool {
        if let kv { return kv.isRead }
        if let node { return node.verb == "get" }
        if let service { return service.verb == "get" }
        if let check { return check.verb == "get" }
        return boxedSession.isWireEmpty && isKnown
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        // In byte order, as servers write them: the writer moves nothing.
        try visit.field("Check", &boxedCheck)
        try visit.field("Intention", &intention)
        try visit.field("KV", &kv)
        try visit.field("Node", &boxedNode)
        try visit.field("Service", &boxedService)
        try visit.field("Session", &boxedSession)
    }
}

/// An operation on a key. The verb is text: only the operation with an unknown verb fails.
public struct TxnKVOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var entry = KVEntry()
    /// As in `KVSRequest`.
    public var ttl = GoDuration()
    public init() {}
    public init(_ verb: String, _ entry: KVEntry) {
        self.verb = verb
        self.entry = entry
    }

    /// The verbs that change nothing; an unknown verb changes nothing either.
    public var isRead: Bool { KVOperation(rawValue: verb) == nil }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        // In byte order, as servers write them: the writer moves nothing.
        try visit.field("DirEnt", &entry)
        try visit.field("TTL", &ttl, .beyond)
        try visit.field("Verb", &verb)
    }
}

/// An operation on a node: get, set, cas, delete, delete-cas. The node's ID identifies it, where it
/// has one.
public struct TxnNodeOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var node = Node()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Node", &node)
    }
}

/// An operation on a service's instance on a node, with the verbs of nodes.
public struct TxnServiceOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var node = ""
    public var service = NodeService()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Node", &node)
        try visit.field("Service", &service)
    }
}

/// An operation on a check, with the verbs of nodes.
public struct TxnCheckOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var check = HealthCheck()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Check", &check)
    }
}

/// An operation on a session: delete. Servers use it among themselves; the HTTP API does not.
public struct TxnSessionOperation: Record, Hashable, Sendable {
    public var verb = ""
    public var session = Session()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Verb", &verb)
        try visit.field("Session", &session)
    }
}

/// The results of the operations, or the reasons why none was applied.
public struct TxnResponse: Record, Hashable, Sendable {
    public var results: [TxnResult]?
    public var errors: [TxnError]?
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Results", &results)
        try visit.field("Errors", &errors)
    }
}

/// The result of one operation: one of the four.
public struct TxnResult: Record, Hashable, Sendable {
    public var kv: KVEntry?
    @usableFromInline var boxedNode: Boxed<Node>
    @usableFromInline var boxedService: Boxed<NodeService>
    @usableFromInline var boxedCheck: Boxed<HealthCheck>

    public var node: Node? { boxedNode.value }
    public var service: NodeService? { boxedService.value }
    public var check: HealthCheck? { boxedCheck.value }

    public init() { self.init(nil) }
    public init(kv entry: KVEntry) { self.init(entry) }
    public init(node: Node) { self.init(nil, node: node) }
    public init(service: NodeService) { self.init(nil, service: service) }
    public init(check: HealthCheck) { self.init(nil, check: check) }

    private init(
        _ kv: KVEntry?, node: Node? = nil, service: NodeService? = nil, check: HealthCheck? = nil
    ) {
        self.kv = kv
        boxedNode = Boxed(node)
        boxedService = Boxed(service)
        boxedCheck = Boxed(check)
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("KV", &kv, .omitEmpty)
        try visit.field("Node", &boxedNode, .omitEmpty)
        try visit.field("Service", &boxedService, .omitEmpty)
        try visit.field("Check", &boxedCheck, .omitEmpty)
    }
}

public struct TxnError: Record, Hashable, Sendable {
    public var operationIndex = 0
    public var what = ""
    public init() {}
    public init(_ index: Int, _ what: String) {
        operationIndex = index
        self.what = what
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("OpIndex", &operationIndex)
        try visit.field("What", &what)
    }
}

/// A transaction of reads.
public struct TxnReadRequest: ReadRequest {
    public var operations: [TxnOperation] = []
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ operations: [TxnOperation], _ options: QueryOptions) {
        self.operations = operations
        self.options = options
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("Ops", &operations)
        try visit.embed(&options)
    }
}

public struct TxnReadResponse: IndexedReply, Hashable, Sendable {
    public var value = TxnResponse()
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.embed(&value)
        try visit.embed(&meta)
    }
}
