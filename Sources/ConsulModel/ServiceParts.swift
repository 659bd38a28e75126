public import Wire

/// An address and a port under a tag (`lan`, `wan`, `lan_ipv4` …).
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

/// An instance's share of the traffic, by its health. Consul's default is 1 and 1.
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

/// The destination and set-up of a proxy service.
public struct ProxyConfiguration: Record, Hashable, Sendable {
    public var destinationServiceName = ""
    public var destinationServiceID = ""
    public var localServiceAddress = ""
    public var localServicePort = 0
    public var config: [String: JSONValue] = [:]
    public var upstreams: [Upstream] = []
    public var meshGateway = MeshGateway()
    public var expose = ExposedPaths()
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

/// The route of traffic that leaves the datacenter: empty, `none`, `local` or `remote`.
public struct MeshGateway: Record, Hashable, Sendable {
    public var mode = ""
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Mode", &mode, .omitEmpty)
    }
}

/// The paths that a proxy serves without the mesh's proof of identity.
public struct ExposedPaths: Record, Hashable, Sendable {
    /// The paths that the service's checks probe.
    public var checks = false
    public var paths: [ExposedPath] = []
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Checks", &checks, .omitEmpty)
        try visit.field("Paths", &paths, .omitEmpty)
    }
}

public struct ExposedPath: Record, Hashable, Sendable {
    public var listenerPort = 0
    public var path = ""
    public var localPathPort = 0
    /// `http` or `http2`.
    public var `protocol` = ""
    /// True for a path of a check, not of the operator.
    public var parsedFromCheck = false
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ListenerPort", &listenerPort, .omitEmpty)
        try visit.field("Path", &path, .omitEmpty)
        try visit.field("LocalPathPort", &localPathPort, .omitEmpty)
        try visit.field("Protocol", &`protocol`, .omitEmpty)
        try visit.field("ParsedFromCheck", &parsedFromCheck)
    }
}

/// A service that a proxy reaches for its own service.
public struct Upstream: Record, Hashable, Sendable {
    /// `service` or `prepared_query`.
    public var destinationType = ""
    public var destinationNamespace = ""
    public var destinationName = ""
    public var datacenter = ""
    public var localBindAddress = ""
    public var localBindPort = 0
    public var config: [String: JSONValue] = [:]
    public var meshGateway = MeshGateway()
    public var ingressHosts: [String] = []
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("DestinationType", &destinationType)
        try visit.field("DestinationNamespace", &destinationNamespace, .omitEmpty)
        try visit.field("DestinationName", &destinationName)
        try visit.field("Datacenter", &datacenter)
        try visit.field("LocalBindAddress", &localBindAddress, .omitEmpty)
        try visit.field("LocalBindPort", &localBindPort)
        try visit.field("Config", &config, .nullWhenEmpty)
        try visit.field("MeshGateway", &meshGateway)
        try visit.field("IngressHosts", &ingressHosts, [.binaryOnly, .omitEmpty])
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
