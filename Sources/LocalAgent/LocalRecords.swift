package import ConsulModel
package import Primitives
package import Wire

/// The origin of a registration. Fragments win over the API, and only the API's are persisted.
package enum RegistrationSource: Hashable, Sendable {
    case configuration
    case api
}

/// A service registered with this agent.
package struct LocalService: Hashable, Sendable {
    package var definition: ServiceDefinition
    package var service: NodeService
    package var source: RegistrationSource
    package var isInSync = false
}

/// A check registered with this agent.
package struct LocalCheck: Hashable, Sendable {
    package var definition: CheckDefinition
    package var check: HealthCheck
    package var source: RegistrationSource
    package var isInSync = false
    /// The output in the catalog; nil before one was sent.
    package var syncedOutput: String?
    package var outputIsNew: Bool { syncedOutput != check.output }
    /// The start of the critical status, for `deregister_critical_service_after`.
    package var criticalSince: Instant?
    /// The newest changes of status, oldest first.
    package var history: [CheckTransition] = []
}

/// One line of a check's history.
package struct CheckTransition: Record, Hashable, Sendable {
    /// RFC 3339, UTC.
    package var time = ""
    package var from = ""
    package var to = ""
    package var output = ""
    package init() {}

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Time", &time)
        try visit.field("From", &from)
        try visit.field("To", &to)
        try visit.field("Output", &output)
    }
}

/// A service in the form of `/v1/agent/services` and `/v1/agent/service/:id`.
package struct AgentService: Record, Hashable, Sendable {
    package var kind = ""
    package var id = ""
    package var service = ""
    package var tags: [String] = []
    package var meta: [String: String] = [:]
    package var port = 0
    package var address = ""
    package var taggedAddresses: [String: ServiceAddress] = [:]
    package var weights = Weights()
    package var enableTagOverride = false
    package var contentHash = ""
    package var proxy: ProxyConfiguration?
    package var connect: ServiceConnect?
    package init() {}

    package init(_ service: NodeService) {
        kind = service.kind
        id = service.id
        self.service = service.service
        tags = service.tags
        meta = service.meta
        port = service.port
        address = service.address
        taggedAddresses = service.taggedAddresses
        weights = service.weights
        enableTagOverride = service.enableTagOverride
        proxy = service.kind.isEmpty ? nil : service.proxy
        connect = service.connect == ServiceConnect() ? nil : service.connect
    }

    package mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Kind", &kind, .omitEmpty)
        try visit.field("ID", &id)
        try visit.field("Service", &service)
        try visit.field("Tags", &tags)
        try visit.field("Meta", &meta)
        try visit.field("Port", &port)
        try visit.field("Address", &address)
        try visit.field("TaggedAddresses", &taggedAddresses, .omitEmpty)
        try visit.field("Weights", &weights)
        try visit.field("EnableTagOverride", &enableTagOverride)
        try visit.field("ContentHash", &contentHash, .omitEmpty)
        try visit.field("Proxy", &proxy, .omitEmpty)
        try visit.field("Connect", &connect, .omitEmpty)
    }

    /// A copy with `contentHash` computed from all other fields: equal services have equal hashes.
    package var hashed: AgentService {
        var copy = self
        copy.contentHash = ""
        var hash = FNV1a()
        hash.combine(JSONWriter.encode(copy))
        copy.contentHash = String(hash.value, radix: 16)
        return copy
    }
}
