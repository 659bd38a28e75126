public import Primitives
public import Wire

/// What a read may ask for beside its subject: `?index ?wait ?stale ?consistent ?near ?filter …`.
public struct QueryOptions: Hashable, Sendable {
    public enum Consistency: String, Sendable {
        case standard = "leader"
        case consistent, stale
    }

    public var datacenter = ""
    public var token = ""
    /// Wait until the subject's index is above this; 0 answers at once.
    public var minQueryIndex: UInt64 = 0
    /// How long to wait; 0 is the default (5 minutes). The server bounds it.
    public var maxQueryTime = GoDuration()
    public var consistency = Consistency.standard
    /// An expression in Consul's filter language; empty keeps all.
    public var filter = ""
    /// Keep only nodes with these metadata.
    public var nodeMeta: [String: String] = [:]
    /// Sort by round-trip time from this node.
    public var near = ""
    /// The same, from the node that has this address, where there is one; else from `near`.
    public var nearAddress = ""
    public init() {}
}

/// What an answer tells of its age and origin; HTTP shows it in `X-Consul-*` headers.
public struct QueryMeta: Hashable, Sendable {
    public var index: UInt64 = 0
    public var knownLeader = true
    public var lastContact = GoDuration()
    public var consistency = QueryOptions.Consistency.standard
    /// Whether the value stands by round-trip time, as was asked for: false where the place of the
    /// node to sort from is not known, or from a server that does not say.
    public var isByRoundTrip = false
    public init(index: UInt64 = 0) { self.index = index }
}

/// A read's answer with its index.
public struct Indexed<Value: Sendable>: Sendable {
    public var value: Value
    public var meta: QueryMeta
    public init(_ value: Value, _ meta: QueryMeta) {
        self.value = value
        self.meta = meta
    }
}

extension Indexed: Equatable where Value: Equatable {}

/// A read about one name (a key, prefix, service, node or state), or about none.
public struct NamedQuery: Hashable, Sendable {
    public var name: String
    /// For keys: up to this separator only (`KVS.ListKeys`).
    public var separator = ""
    /// For keys: up to the how-manieth separator.
    public var depth = 1
    /// For keys and entries: no more than these; 0 for all.
    public var limit = 0
    /// For keys and entries: only those behind this key, in byte order.
    public var startAfter = ""
    /// For a summary: with the hash.
    public var wantsHash = false
    /// For services: instances that bear all of these tags.
    public var tags: [String] = []
    /// For services: instances all of whose checks pass.
    public var passingOnly = false
    /// For services: the instances through which the mesh reaches it, its proxies and those that
    /// speak for themselves, instead of its own.
    public var connect = false
    public var options: QueryOptions
    public init(_ name: String = "", _ options: QueryOptions = QueryOptions()) {
        self.name = name
        self.options = options
    }
}

/// What a write does to a key (Consul's names of the verbs).
public enum KVOperation: String, Sendable {
    case set, delete
    case deleteCAS = "delete-cas"
    case deleteTree = "delete-tree"
    case cas, lock, unlock

    /// True when the entry is there afterwards as the request has it.
    public var writesEntry: Bool {
        switch self {
        case .set, .cas, .lock, .unlock: true
        case .delete, .deleteCAS, .deleteTree: false
        }
    }
}

/// A verb that is none of these is an error of the format: what it would do is not known.
extension KVOperation: WireValue {
    public init() { self = .set }
    @inlinable public var isWireEmpty: Bool { false }
    @inlinable public func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.string(rawValue)
    }
    @inlinable public mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        let verb = try decoder.string()
        guard let known = KVOperation(rawValue: verb) else { throw UnknownVerb(verb: verb) }
        self = known
    }
}

/// A verb of a write that this version does not know.
public struct UnknownVerb: Error, Hashable, Sendable, CustomStringConvertible {
    public var verb: String
    public init(verb: String) { self.verb = verb }
    public var description: String { "unknown operation \"\(verb)\"" }
}

/// For `cas` and `deleteCAS`, `entry.raftIndex.modifyIndex` is the index that must still stand; for
/// `lock` and `unlock`, `entry.session` is the holder.
public struct KVSRequest: Record, Hashable, Sendable {
    public var operation = KVOperation.set
    public var entry = KVEntry()
    /// How long the key is to live; zero for ever. The leader turns it into `entry.expires`.
    public var ttl = GoDuration()
    public var datacenter = ""
    public var token = ""
    public init() {}
    public init(_ operation: KVOperation, _ entry: KVEntry) {
        self.operation = operation
        self.entry = entry
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        // In byte order, as servers write them: nothing has to be moved.
        try visit.field("Datacenter", &datacenter)
        try visit.field("DirEnt", &entry)
        try visit.field("Op", &operation)
        try visit.field("TTL", &ttl, .beyond)
        try visit.field("Token", &token)
    }
}

/// `PUT /v1/catalog/register`: a node, and a service or checks on it.
public struct RegisterRequest: Record, Hashable, Sendable {
    public var datacenter = ""
    public var id = ""
    public var node = ""
    public var address = ""
    public var taggedAddresses: [String: String] = [:]
    public var nodeMeta: [String: String] = [:]
    public var service: NodeService?
    public var check: HealthCheck?
    public var checks: [HealthCheck] = []
    /// Leave an existing node's address and metadata alone.
    public var skipNodeUpdate = false
    public var token = ""
    /// The node's own, where a snapshot carries it.
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("ID", &id)
        try visit.field("Node", &node)
        try visit.field("Address", &address)
        try visit.field("TaggedAddresses", &taggedAddresses, .nullWhenEmpty)
        try visit.field("NodeMeta", &nodeMeta, .nullWhenEmpty)
        try visit.field("Service", &service)
        try visit.field("Check", &check)
        try visit.field("Checks", &checks, .nullWhenEmpty)
        try visit.field("SkipNodeUpdate", &skipNodeUpdate)
        try visit.field("Token", &token, .binaryOnly)
        try visit.field("CreateIndex", &raftIndex.createIndex, .binaryOnly)
        try visit.field("ModifyIndex", &raftIndex.modifyIndex, .binaryOnly)
    }
}

/// `PUT /v1/catalog/deregister`: a whole node, or one service or check on it.
public struct DeregisterRequest: Record, Hashable, Sendable {
    public var datacenter = ""
    public var node = ""
    public var serviceID = ""
    public var checkID = ""
    public var token = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Node", &node)
        try visit.field("ServiceID", &serviceID)
        try visit.field("CheckID", &checkID)
        try visit.field("Token", &token, .binaryOnly)
    }
}

/// A node with the services on it: `/v1/catalog/node/:node`.
public struct NodeServices: Hashable, Sendable {
    public var node: Node
    /// In order of their IDs.
    public var services: [NodeService]
    public init(node: Node, services: [NodeService]) {
        self.node = node
        self.services = services
    }
}
