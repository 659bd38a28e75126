public import Wire

/// An instance of a service on a node, in the catalog.
public struct NodeService: Record, Hashable, Sendable {
    public var kind = ""
    public var id = ""
    public var service = ""
    public var tags: [String] = []
    public var address = ""
    public var taggedAddresses: [String: ServiceAddress] = [:]
    public var meta: [String: String] = [:]
    public var port = 0
    public var weights = Weights()
    public var enableTagOverride = false
    public var proxy = ProxyConfiguration()
    public var connect = ServiceConnect()
    /// Set for a proxy that the agent made for a service; the catalog does not use it.
    public var locallyRegisteredAsSidecar = false
    public var raftIndex = RaftIndex()
    public init() {}

    @inlinable
    public mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Kind", &kind, .omitEmpty)
        try visit.field("ID", &id)
        try visit.field("Service", &service)
        try visit.field("Tags", &tags)
        try visit.field("Address", &address)
        try visit.field("TaggedAddresses", &taggedAddresses, .omitEmpty)
        try visit.field("Meta", &meta, .nullWhenEmpty)
        try visit.field("Port", &port)
        try visit.field("Weights", &weights)
        try visit.field("EnableTagOverride", &enableTagOverride)
        try visit.field("Proxy", &proxy)
        try visit.field("Connect", &connect)
        try visit.field(
            "LocallyRegisteredAsSidecar", &locallyRegisteredAsSidecar, .binaryOnly)
        try visit.embed(&raftIndex)
    }

    /// The service that the mesh reaches through this instance: the destination of a proxy, or the
    /// instance's own service where it is a native one. Nil for an ordinary instance.
    public var meshService: String? {
        if kind == "connect-proxy" { return proxy.destinationServiceName }
        return connect.native ? service : nil
    }

    /// Returns true for `0.0.0.0`, `::` and other forms of them: no client can connect there.
    public var hasUnspecifiedAddress: Bool { ["0.0.0.0", "::", "[::]"].contains(address) }

    /// Returns true when the two differ in nothing but their indexes: replacing one by the other
    /// changes nothing.
    public func isSame(as other: NodeService) -> Bool {
        var copy = other
        copy.raftIndex = raftIndex
        return self == copy
    }
}

extension NodeService {
    /// Returns the service with the tagged addresses that an agent adds for an IP address; given
    /// ones stay.
    public var withStandardAddresses: NodeService {
        let kind: String
        if address.contains(":") {
            kind = "ipv6"
        } else if address.split(separator: ".", omittingEmptySubsequences: false).count == 4,
            address.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) })
        {
            kind = "ipv4"
        } else {
            return self
        }
        var copy = self
        for place in ["lan_\(kind)", "wan_\(kind)"] where copy.taggedAddresses[place] == nil {
            var standard = ServiceAddress()
            standard.address = address
            standard.port = port
            copy.taggedAddresses[place] = standard
        }
        return copy
    }
}
