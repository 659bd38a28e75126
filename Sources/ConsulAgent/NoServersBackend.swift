import ConsulModel

/// A cluster that cannot be reached: every call fails with Consul's own words.
struct NoServersBackend: Backend {
    let error: ConsulError

    /// A client that knows no server.
    static let noServers = NoServersBackend(
        error: ConsulError(.noLeader, "No known Consul servers"))
    /// A server that was not told to bootstrap.
    static let noLeader = NoServersBackend(error: .noLeader)

    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)? {
        reply(.failure(error))
        return nil
    }
}
