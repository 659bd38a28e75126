/// The cluster as HTTP, DNS, watches and anti-entropy see it. A server answers calls itself or
/// passes them on; a client sends them to a server.
public protocol Backend: Sendable {
    /// Makes a call, and calls `reply` exactly once: on the calling thread before this returns when
    /// the answer is available at once, else later and on any thread.
    ///
    /// - Returns: a handle when the call can be cancelled (a parked blocking query, a forwarded
    ///   call), for a caller that goes away; nil otherwise, also for a local write in progress.
    @discardableResult
    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)?

    /// Returns a number that changes whenever this part of the catalog changes: an answer read at
    /// an equal version is still right. Nil when the version is not known: the catalog is on
    /// another server, or may be behind.
    func catalogVersion(of part: CatalogPart) -> UInt64?
}

extension Backend {
    public func catalogVersion(of part: CatalogPart) -> UInt64? { nil }
}

/// A pending answer.
public protocol PendingCall: Sendable {
    /// Cancels the call; `reply` is then called with `cancelled`, unless it was called before.
    func cancel()
}

extension Backend {
    /// Makes a call from a cold path. Cancelling the task cancels the call.
    public func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request
    ) async throws(ConsulError) -> Response {
        let slot = PendingSlot()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let pending = call(endpoint, request) { continuation.resume(returning: $0) }
                slot.fill(pending)
            }
        } onCancel: {
            slot.cancel()
        }
        return try result.get()
    }
}
