public import Wire

// The requests of reads of the catalog, with Consul's names.

/// A read about a whole datacenter.
public struct DCSpecificRequest: ReadRequest {
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ options: QueryOptions) { self.options = options }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("NodeMetaFilters", &options.nodeMeta, .nullWhenEmpty)
        try visit.field("Source", &options.source)
        try visit.embed(&options)
    }
}

/// A read that no datacenter but the server's own answers: `Catalog.ListDatacenters`.
public struct DatacentersRequest: ReadRequest {
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ options: QueryOptions) { self.options = options }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.embed(&options)
    }
}

/// A read about one node, by its name or the beginning of its ID.
public struct NodeSpecificRequest: ReadRequest {
    public var node = ""
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ node: String, _ options: QueryOptions = QueryOptions()) {
        self.node = node
        self.options = options
    }

    public var subject: String { node }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("Node", &node)
        try visit.embed(&options)
    }
}

/// A read about one service.
public struct ServiceSpecificRequest: ReadRequest {
    public var serviceName = ""
    @usableFromInline var serviceTags: [String] = []
    /// The single tag of old clients.
    @usableFromInline var serviceTag = ""
    @usableFromInline var tagFilter = false
    /// Reads the instances through which the mesh reaches the service: its proxies, and the
    /// instances that speak the mesh's protocol themselves.
    public var connect = false
    /// Keeps the instances all of whose checks pass.
    public var passingOnly = false
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ serviceName: String, _ options: QueryOptions = QueryOptions()) {
        self.serviceName = serviceName
        self.options = options
    }

    public var subject: String { serviceName }

    /// Keeps the instances with all of these tags, in any case of letters.
    public var tags: [String] {
        get {
            guard tagFilter else { return [] }
            return serviceTags.isEmpty ? [serviceTag] : serviceTags
        }
        set {
            serviceTags = newValue
            serviceTag = ""
            tagFilter = !newValue.isEmpty
        }
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Connect", &connect)
        try visit.field("Datacenter", &options.datacenter)
        var ingress = false
        try visit.field("Ingress", &ingress)
        try visit.field("NodeMetaFilters", &options.nodeMeta, .nullWhenEmpty)
        try visit.field("PassingOnly", &passingOnly, .beyond)
        var address = ""
        try visit.field("ServiceAddress", &address)
        try visit.field("ServiceName", &serviceName)
        try visit.field("ServiceTag", &serviceTag)
        try visit.field("ServiceTags", &serviceTags, .nullWhenEmpty)
        try visit.field("Source", &options.source)
        try visit.field("TagFilter", &tagFilter)
        try visit.embed(&options)
    }
}

/// A read of the checks in a state: `any`, `passing`, `warning` or `critical`.
public struct ChecksInStateRequest: ReadRequest {
    public var state = ""
    public var options: QueryOptions
    public init() { options = QueryOptions() }
    public init(_ state: String, _ options: QueryOptions = QueryOptions()) {
        self.state = state
        self.options = options
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Datacenter", &options.datacenter)
        try visit.field("NodeMetaFilters", &options.nodeMeta, .nullWhenEmpty)
        try visit.field("Source", &options.source)
        try visit.field("State", &state)
        try visit.embed(&options)
    }
}
