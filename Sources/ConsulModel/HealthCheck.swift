public import Primitives
public import Wire

/// The states of a check, from best to worst (Consul's words).
public enum CheckStatus: String, Sendable, CaseIterable, Comparable {
    case passing, warning, critical

    public static func < (a: CheckStatus, b: CheckStatus) -> Bool { a.badness < b.badness }
    private var badness: Int {
        switch self {
        case .passing: 0
        case .warning: 1
        case .critical: 2
        }
    }
}

/// A check's result in the catalog.
public struct HealthCheck: Record, Hashable, Sendable {
    public var node = ""
    public var checkID = ""
    public var name = ""
    public var status = ""
    public var notes = ""
    public var output = ""
    public var serviceID = ""
    public var serviceName = ""
    public var serviceTags: [String] = []
    public var type = ""
    public var definition = HealthCheckDefinition()
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("CheckID", &checkID)
        try visit.field("Name", &name)
        try visit.field("Status", &status)
        try visit.field("Notes", &notes)
        try visit.field("Output", &output)
        try visit.field("ServiceID", &serviceID)
        try visit.field("ServiceName", &serviceName)
        try visit.field("ServiceTags", &serviceTags)
        try visit.field("Type", &type)
        try visit.field("Definition", &definition)
        try visit.embed(&raftIndex)
    }

    /// Returns true when the two differ in nothing but their indexes.
    public func isSame(as other: HealthCheck) -> Bool {
        var copy = other
        copy.raftIndex = raftIndex
        return self == copy
    }
}

/// The probe of a check that is registered in the catalog directly; for programs like consul-esm.
public struct HealthCheckDefinition: Record, Hashable, Sendable {
    public var interval = GoDuration()
    public var outputMaxSize = 0
    public var timeout = GoDuration()
    public var deregisterCriticalServiceAfter = GoDuration()
    public var http = ""
    public var tlsSkipVerify = false
    public var header: [String: [String]] = [:]
    public var method = ""
    public var body = ""
    public var tcp = ""
    public var scriptArgs: [String] = []
    public var dockerContainerID = ""
    public var shell = ""
    public var grpc = ""
    public var grpcUseTLS = false
    public var aliasNode = ""
    public var aliasService = ""
    public var ttl = GoDuration()
    public init() {}

    /// Consul decodes it with code of its own, which is not strict.
    @inlinable public static var takesUnknownKeys: Bool { true }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Interval", &interval, .omitEmpty)
        try visit.field("OutputMaxSize", &outputMaxSize, .omitEmpty)
        try visit.field("Timeout", &timeout, .omitEmpty)
        try visit.field(
            "DeregisterCriticalServiceAfter", &deregisterCriticalServiceAfter, .omitEmpty)
        try visit.field("HTTP", &http, .omitEmpty)
        try visit.field("TLSSkipVerify", &tlsSkipVerify, .omitEmpty)
        try visit.field("Header", &header, .omitEmpty)
        try visit.field("Method", &method, .omitEmpty)
        try visit.field("Body", &body, .omitEmpty)
        try visit.field("TCP", &tcp, .omitEmpty)
        try visit.field("ScriptArgs", &scriptArgs, .omitEmpty)
        try visit.field("DockerContainerID", &dockerContainerID, .omitEmpty)
        try visit.field("Shell", &shell, .omitEmpty)
        try visit.field("GRPC", &grpc, .omitEmpty)
        try visit.field("GRPCUseTLS", &grpcUseTLS, .omitEmpty)
        try visit.field("AliasNode", &aliasNode, .omitEmpty)
        try visit.field("AliasService", &aliasService, .omitEmpty)
        try visit.field("TTL", &ttl, .omitEmpty)
        // The older names that Go programs with Consul's own client library write beside or instead
        // of these.
        try visit.field("IntervalDuration", &interval, .inputOnly)
        try visit.field("TimeoutDuration", &timeout, .inputOnly)
        try visit.field(
            "DeregisterCriticalServiceAfterDuration", &deregisterCriticalServiceAfter, .inputOnly)
    }
}

/// An instance, its node and the checks of both: `/v1/health/service/:name`.
public struct CheckServiceNode: Record, Hashable, Sendable {
    public var node = Node()
    public var service = NodeService()
    public var checks: [HealthCheck] = []
    public init() {}
    public init(node: Node, service: NodeService, checks: [HealthCheck]) {
        self.node = node
        self.service = service
        self.checks = checks
    }

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Node", &node)
        try visit.field("Service", &service)
        try visit.field("Checks", &checks)
    }

    /// The worst status among the checks; passing when there are none.
    public var worst: CheckStatus {
        checks.lazy.map { CheckStatus(rawValue: $0.status) ?? .critical }.max() ?? .passing
    }
}

extension HealthCheckDefinition {
    /// The kind of check that the definition describes; empty for none.
    public var kind: String {
        let isPolled = interval > .zero
        if isPolled, !grpc.isEmpty { return "grpc" }
        if isPolled, !http.isEmpty { return "http" }
        if ttl > .zero { return "ttl" }
        if isPolled, !tcp.isEmpty { return "tcp" }
        if !aliasNode.isEmpty || !aliasService.isEmpty { return "alias" }
        guard isPolled, !scriptArgs.isEmpty else { return "" }
        return dockerContainerID.isEmpty ? "script" : "docker"
    }
}
