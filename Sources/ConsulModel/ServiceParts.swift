public import Wire

/// An address and a port told under a tag (`lan`, `wan`, `lan_ipv4` …).
public struct ServiceAddress: Record, Hashable, Sendable {
    public var address = ""
    public var port = 0
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Address", &address)
        try visit.field("Port", &port)
    }
}

/// How much of the traffic an instance takes, by its health. Consul's default is 1 and 1.
public struct Weights: Record, Hashable, Sendable {
    public var passing = 1
    public var warning = 1
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Passing", &passing)
        try visit.field("Warning", &warning)
    }
}

/// The role of a service in the mesh: empty for an ordinary one.
public enum ServiceKind {
    public static let known = [
        "", "connect-proxy", "mesh-gateway", "terminating-gateway", "ingress-gateway",
    ]
}

/// What a proxy service stands for and how it is set up.
public struct ProxyConfiguration: Record, Hashable, Sendable {
    public var destinationServiceName = ""
    public var destinationServiceID = ""
    public var localServiceAddress = ""
    public var localServicePort = 0
    public var config: [String: JSONValue] = [:]
    public var upstreams: [JSONValue] = []
    public var meshGateway: [String: JSONValue] = [:]
    public var expose: [String: JSONValue] = [:]
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("DestinationServiceName", &destinationServiceName, .omitEmpty)
        try visit.field("DestinationServiceID", &destinationServiceID, .omitEmpty)
        try visit.field("LocalServiceAddress", &localServiceAddress, .omitEmpty)
        try visit.field("LocalServicePort", &localServicePort, .omitEmpty)
        try visit.field("Config", &config, .omitEmpty)
        try visit.field("Upstreams", &upstreams, .omitEmpty)
        try visit.field("MeshGateway", &meshGateway)
        try visit.field("Expose", &expose)
    }
}

/// Mesh settings of an ordinary service.
public struct ServiceConnect: Record, Hashable, Sendable {
    public var native = false
    public var sidecarService: JSONValue = .null
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Native", &native, .omitEmpty)
        try visit.field("SidecarService", &sidecarService, .omitEmpty)
    }
}
