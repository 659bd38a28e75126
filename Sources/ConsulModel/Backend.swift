/// The cluster as HTTP, DNS, watches and anti-entropy see it: one method, `call`. On a server it is
/// answered here; on a client it goes to a server.
public protocol Backend: Sendable {
    /// Asks for an answer, which comes exactly once through `reply`: on the calling thread before
    /// this returns when it is to be had at once, later and on any thread otherwise.
    ///
    /// - Returns: a handle when the answer is still to come (a parked blocking query, a write being
    ///   committed), so that a caller who goes away can give it up.
    @discardableResult
    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        reply: @escaping @Sendable (Result<Response, ConsulError>) -> Void
    ) -> (any PendingCall)?

    /// A number that changes whenever this part of the catalog does: what was read while it stood
    /// would be read again. Nil when only a read tells: the catalog is elsewhere, or may be behind.
    func catalogVersion(of part: CatalogPart) -> UInt64?
}

extension Backend {
    public func catalogVersion(of part: CatalogPart) -> UInt64? { nil }
}

/// An answer still to come.
public protocol PendingCall: Sendable {
    /// Gives the answer up; `reply` is then called with `cancelled`, unless it was called before.
    func cancel()
}

extension Backend {
    /// The same for the cold paths. Cancelling the task gives the answer up.
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
