import ConsulModel

/// A cluster without reachable servers: every call fails with Consul's error text.
struct NoServersBackend: Backend {
    let error: ConsulError

    /// A client without any known server.
    static let noServers = NoServersBackend(
        error: ConsulError(.noLeader, "No known Consul servers"))
    /// A server without bootstrap.
    static let noLeader = NoServersBackend(error: .noLeader)

    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        reply(.failure(error))
        return nil
    }
}
