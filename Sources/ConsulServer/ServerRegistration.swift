package import ConsulModel
internal import ConsulState

/// A server's registration of itself in the catalog.
package struct ServerIdentity: Sendable {
    package var node = ""
    package var id = ""
    package var address = ""
    /// The port for other servers: the port of the service `consul`.
    package var port = 8300
    /// The metadata of the service `consul`: `version`, `raft_version` and so on.
    package var meta: [String: String] = [:]
    package init() {}
}

extension ServerBackend {
    /// Registers the leader's own node, the service `consul` on it, and the check by which gossip
    /// reports that the node is alive. An existing node keeps its address and metadata; without a
    /// change, no index moves.
    ///
    /// Called each time this server becomes the leader.
    package func registersSelf(as identity: ServerIdentity) {
        registration.set { [weak self] done in
            self?.registerSelf(identity) { result in
                if case .success = result { done(true) } else { done(false) }
            }
        }
    }

    package func registerSelf(
        _ identity: ServerIdentity,
        reply: @escaping @Sendable (Result<EmptyReply, ConsulError>) -> Void
    ) {
        var request = RegisterRequest()
        request.datacenter = configuration.datacenter
        request.node = identity.node
        request.id = identity.id
        request.address = identity.address
        request.skipNodeUpdate = true

        var service = NodeService()
        service.id = "consul"
        service.service = "consul"
        service.port = identity.port
        service.meta = identity.meta
        request.service = service

        var check = HealthCheck()
        check.node = identity.node
        check.checkID = Catalog.serfCheckID
        check.name = "Serf Health Status"
        check.status = CheckStatus.passing.rawValue
        check.output = "Agent alive and reachable"
        request.checks = [check]
        call(.catalogRegister, request, reply: reply)
    }
}
