public import Primitives
public import Wire

/// The effect of a write on a key (Consul's names of the verbs).
public enum KVOperation: String, Sendable {
    case set, delete
    case deleteCAS = "delete-cas"
    case deleteTree = "delete-tree"
    case cas, lock, unlock

    /// True when the entry exists afterwards with the request's contents.
    public var writesEntry: Bool {
        switch self {
        case .set, .cas, .lock, .unlock: true
        case .delete, .deleteCAS, .deleteTree: false
        }
    }
}

/// An unknown verb is an error of the format, because its effect is not known.
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

/// A write of one key. For `cas` and `deleteCAS`, `entry.raftIndex.modifyIndex` is the index that
/// the entry must still have; for `lock` and `unlock`, `entry.session` is the holder.
public struct KVSRequest: Record, ClusterRequest, Hashable {
    public var operation = KVOperation.set
    public var entry = KVEntry()
    /// The key's lifetime; zero for ever. The leader turns it into `entry.expires`.
    public var ttl = GoDuration()
    public var datacenter = ""
    public var token = ""
    public init() {}
    public init(_ operation: KVOperation, _ entry: KVEntry) {
        self.operation = operation
        self.entry = entry
    }

    public var subject: String { entry.key }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        // In byte order, as servers write them: the writer moves nothing.
        try visit.field("Datacenter", &datacenter)
        try visit.field("DirEnt", &entry)
        try visit.field("Op", &operation)
        try visit.field("TTL", &ttl, .beyond)
        try visit.field("Token", &token)
    }
}

/// A read of one key, or of the entries under a prefix.
public struct KeyRequest: ReadRequest {
    public var key = ""
    /// The largest number of entries; 0 for all.
    public var limit = 0
    /// Reads only the entries after this key, in byte order.
    public var startAfter = ""
    /// For a summary: computes the hash.
    public var wantsHash = false
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ key: String, _ options: QueryOptions = QueryOptions()) {
        self.key = key
        self.options = options
    }

    public var subject: String { key }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("Key", &key)
        try visit.field("Limit", &limit, .beyond)
        try visit.field("StartAfter", &startAfter, .beyond)
        try visit.field("WantsHash", &wantsHash, .beyond)
        try visit.embed(&options)
    }
}

/// A read of the keys under a prefix.
public struct KeyListRequest: ReadRequest {
    public var prefix = ""
    /// Cuts keys behind this text, as folders of a tree.
    public var separator = ""
    /// The number of separators to include before the cut; 0 counts as 1.
    public var depth = 0
    /// The largest number of keys; 0 for all.
    public var limit = 0
    /// Reads only the keys after this one, in byte order.
    public var startAfter = ""
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ prefix: String, _ options: QueryOptions = QueryOptions()) {
        self.prefix = prefix
        self.options = options
    }

    public var subject: String { prefix }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("Depth", &depth, .beyond)
        try visit.field("Limit", &limit, .beyond)
        try visit.field("Prefix", &prefix)
        // Consul's own spelling.
        try visit.field("Seperator", &separator)
        try visit.field("StartAfter", &startAfter, .beyond)
        try visit.embed(&options)
    }
}

public struct IndexedDirEntries: IndexedReply, Hashable, Sendable {
    public var value: [KVEntry] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Entries", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedKeyList: IndexedReply, Hashable, Sendable {
    public var value: [String] = []
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Keys", &value)
        try visit.embed(&meta)
    }
}

public struct IndexedKVSummary: IndexedReply, Hashable, Sendable {
    public var value = KVSummary()
    public var meta = QueryMeta()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Summary", &value)
        try visit.embed(&meta)
    }
}
