package import ConsulModel
package import ConsulState
package import NIOPosix

/// The cluster as a server itself sees it: calls are answered here, reads at once from the newest
/// snapshot, on the calling thread.
package final class ServerBackend: Backend {
    package let configuration: ServerConfiguration
    package let state: PublishedState
    package let hub: WatchHub
    package let log: any ConsensusLog
    private let table: EndpointTable

    /// - Parameters:
    ///   - group: the event loops that calls come from; blocking queries wait on them.
    ///   - ownGroup: the loops of the agent's own queries.
    ///   - makeLog: makes the log over what carries its commands out.
    package init(
        configuration: ServerConfiguration, group: MultiThreadedEventLoopGroup,
        ownGroup: MultiThreadedEventLoopGroup? = nil, store: StateStore = StateStore(),
        log makeLog: (Applier) -> any ConsensusLog = { InMemoryLog(applier: $0) }
    ) {
        self.configuration = configuration
        state = PublishedState(Snapshot(store: store, index: 0))
        hub = WatchHub(
            state: state, group: group, configuration: configuration, ownGroup: ownGroup)
        log = makeLog(Applier(state: state, hub: hub))
        let host = ReadHost(configuration: configuration, state: state, hub: hub)
        var table = EndpointTable(host: host, log: log)
        KVSEndpoint.register(in: &table)
        CatalogEndpoint.register(in: &table)
        HealthEndpoint.register(in: &table)
        StatusEndpoint.register(in: &table)
        self.table = table
    }

    @discardableResult
    package func call<Request: Sendable, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        guard let handler = table.handler(for: endpoint) else {
            reply(.failure(ConsulError(.internal, "rpc: can't find method \(endpoint.name)")))
            return nil
        }
        return handler.body(request, reply)
    }
}
