public import Wire

/// A service as an operator or a program defines it: in a fragment, or by
/// `PUT /v1/agent/service/register`.
public struct ServiceDefinition: Record, Hashable, Sendable {
    public var kind = ""
    public var id = ""
    public var name = ""
    public var tags: [String] = []
    public var address = ""
    public var taggedAddresses: [String: ServiceAddress] = [:]
    public var meta: [String: String] = [:]
    public var port = 0
    public var weights: Weights?
    public var enableTagOverride = false
    public var token = ""
    public var check: CheckDefinition?
    public var checks: [CheckDefinition] = []
    public var proxy: ProxyConfiguration?
    public var connect: ServiceConnect?
    public init() {}

    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Kind", &kind, .omitEmpty)
        try visit.field("ID", &id, .omitEmpty)
        try visit.field("Name", &name, .omitEmpty)
        try visit.field("Tags", &tags, .omitEmpty)
        try visit.field("Address", &address, .omitEmpty)
        try visit.field("TaggedAddresses", &taggedAddresses, .omitEmpty)
        try visit.field("Meta", &meta, .omitEmpty)
        try visit.field("Port", &port, .omitEmpty)
        try visit.field("Weights", &weights, .omitEmpty)
        try visit.field("EnableTagOverride", &enableTagOverride, .omitEmpty)
        try visit.field("Token", &token, .omitEmpty)
        try visit.field("Check", &check, .omitEmpty)
        try visit.field("Checks", &checks, .omitEmpty)
        try visit.field("Proxy", &proxy, .omitEmpty)
        try visit.field("Connect", &connect, .omitEmpty)
    }

    /// The ID of the service: its name, unless another was given.
    public var effectiveID: String { id.isEmpty ? name : id }

    /// `check` and `checks` together, in that order.
    public var allChecks: [CheckDefinition] { (check.map { [$0] } ?? []) + checks }

    /// The catalog's record of this definition, without indexes.
    public var nodeService: NodeService {
        var service = NodeService()
        service.kind = kind
        service.id = effectiveID
        service.service = name
        service.tags = tags
        service.address = address
        service.taggedAddresses = taggedAddresses
        service.meta = meta
        service.port = port
        service.weights = weights ?? Weights()
        service.enableTagOverride = enableTagOverride
        service.proxy = proxy ?? ProxyConfiguration()
        service.connect = connect ?? ServiceConnect()
        return service
    }
}
