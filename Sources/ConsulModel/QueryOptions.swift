public import Primitives
public import Wire

/// The options of a read: `?index ?wait ?stale ?consistent ?near ?filter …`.
///
/// In MessagePack they are flattened into the request's map, as Consul embeds its `QueryOptions`;
/// `datacenter`, `nodeMeta` and `source` are fields of the requests that have them.
public struct QueryOptions: Hashable, Sendable {
    public enum Consistency: String, Sendable {
        case standard = "leader"
        case consistent, stale
    }

    public var datacenter = ""
    public var token = ""
    /// The index that the caller has: the read waits for a later one; 0 answers at once.
    public var minQueryIndex: UInt64 = 0
    /// The longest wait; 0 is the default (5 minutes). The server bounds it.
    public var maxQueryTime = GoDuration()
    public var consistency = Consistency.standard
    /// An expression in Consul's filter language; empty keeps all records.
    public var filter = ""
    /// Keeps only nodes with this metadata.
    public var nodeMeta: [String: String] = [:]
    /// Sorts by round-trip time from here.
    public var source = QuerySource()
    public init() {}
}

extension QueryOptions: Record {
    /// The fields of HashiCorp's cache are zero values in the map, which servers ignore.
    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Token", &token)
        try visit.field("MinQueryIndex", &minQueryIndex)
        try visit.field("MaxQueryTime", &maxQueryTime)
        var isStale = consistency == .stale
        var isConsistent = consistency == .consistent
        try visit.field("AllowStale", &isStale)
        try visit.field("RequireConsistent", &isConsistent)
        let read: Consistency = isConsistent ? .consistent : isStale ? .stale : .standard
        if read != consistency { consistency = read }
        var (usesCache, mustRevalidate) = (false, false)
        var (staleMax, ageMax, staleIfError) = (GoDuration(), GoDuration(), GoDuration())
        try visit.field("UseCache", &usesCache)
        try visit.field("MaxStaleDuration", &staleMax)
        try visit.field("MaxAge", &ageMax)
        try visit.field("MustRevalidate", &mustRevalidate)
        try visit.field("StaleIfError", &staleIfError)
        try visit.field("Filter", &filter)
    }
}

/// The node from which a read sorts by round-trip time. Empty members mean no sorting.
public struct QuerySource: Record, Hashable, Sendable {
    public var datacenter = ""
    public var segment = ""
    public var node = ""
    /// Names the node by its address; takes precedence over `node` where a node has it.
    public var ip = ""
    public init() {}

    public var isEmpty: Bool { node.isEmpty && ip.isEmpty }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &datacenter)
        try visit.field("Ip", &ip)
        try visit.field("Node", &node)
        try visit.field("Segment", &segment)
    }
}

/// The age and origin of a read's answer; HTTP shows them in `X-Consul-*` headers.
public struct QueryMeta: Hashable, Sendable {
    public var index: UInt64 = 0
    public var knownLeader = true
    public var lastContact = GoDuration()
    public var consistency = QueryOptions.Consistency.standard
    /// Whether the value is sorted by round-trip time as requested. False where the coordinate of
    /// the source is not known, and from a server that does not say.
    public var isByRoundTrip = false
    public init() {}
    public init(index: UInt64) { self.index = index }
}

extension QueryMeta: Record {
    /// `ConsistencyLevel` is empty between servers: the caller knows it from its request.
    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        var level = ""
        try visit.field("ConsistencyLevel", &level)
        try visit.field("Index", &index)
        try visit.field("KnownLeader", &knownLeader)
        try visit.field("LastContact", &lastContact)
        try visit.field("IsByRoundTrip", &isByRoundTrip, .beyond)
    }
}
