package import ConsulModel
internal import Platform
internal import Telemetry

/// The server or datacenter that answers a call which this server passes on.
package enum CallDestination: Hashable, Sendable {
    /// The server that leads.
    case leader
    /// Any server of another datacenter.
    case datacenter(String)
}

/// Passes calls on to other servers, as bytes.
package protocol CallForwarder: Sendable {
    /// Whether there is a way to the destination now.
    func reaches(_ destination: CallDestination) -> Bool

    /// Sends a call and hands its reply to `reply`, exactly once and on any thread.
    ///
    /// - Parameters:
    ///   - body: the request in MessagePack, with its datacenter filled in.
    /// - Returns: a handle that cancels the call.
    func forward(
        _ method: RPCMethod, _ body: [UInt8], to destination: CallDestination,
        reply: @escaping @Sendable (Result<[UInt8], ConsulError>) -> Void
    ) -> (any PendingCall)?
}

/// The forwarder of a server that is alone.
package struct NoForwarder: CallForwarder {
    package init() {}
    package func reaches(_ destination: CallDestination) -> Bool { false }
    package func forward(
        _ method: RPCMethod, _ body: [UInt8], to destination: CallDestination,
        reply: @escaping @Sendable (Result<[UInt8], ConsulError>) -> Void
    ) -> (any PendingCall)? {
        reply(.failure(.noLeader))
        return nil
    }
}

/// Judges, before any handler, where a call is answered and whether its token allows it. No handler
/// looks at the datacenter, the leadership or the token again.
struct CallRouter: Sendable {
    enum Route {
        case here
        /// Here, once a quorum has confirmed that this server leads.
        case hereOnceVerified
        case elsewhere(CallDestination)
        case refused(ConsulError)
    }

    let datacenter: String
    let log: RaftLog
    let forwarder: any CallForwarder
    /// Nil in a datacenter without access control.
    let judge: (any AccessJudge)?
    let metrics: ServerMetrics

    /// - Parameter endpoint: states kind and permission of the call.
    func route<Request, Response>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request
    ) -> Route {
        let asked = request.datacenter
        if !asked.isEmpty, asked != datacenter {
            let other = CallDestination.datacenter(asked)
            return forwarder.reaches(other) ? .elsewhere(other) : .refused(.noPathToDatacenter)
        }
        if let judge, let permission = endpoint.access.permission(about: request.subject),
            let refusal = judge.refusal(of: permission, token: request.token)
        {
            return .refused(refusal)
        }
        switch endpoint.kind {
        case .local: return .here
        case .write:
            if log.leadership.leads { return .here }
        case .read:
            switch request.consistency {
            case .stale: return .here
            case .standard:
                if log.leadership.isReady { return .here }
            case .consistent:
                if log.leadership.leads { return .hereOnceVerified }
            }
        }
        if forwarder.reaches(.leader) { return .elsewhere(.leader) }
        return .refused(endpoint.kind == .write ? log.writeRefusal : .noLeader)
    }

    /// Answers a call along its route.
    func answer<Request, Response>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        _ codec: WireCodec<Request, Response>?, _ reply: @escaping Reply<Response>,
        by body: @escaping EndpointTable.Handler<Request, Response>.Body
    ) -> (any PendingCall)? {
        switch route(endpoint, request) {
        case .here: return body(request, reply)
        case .hereOnceVerified:
            let call = VerifiedCall()
            let (asked, timing) = (SystemClock.now(), metrics.consistentRead)
            log.verify { error in
                timing.record(since: asked)
                if let error { return reply(.failure(error)) }
                call.fill { body(request, reply) }
            }
            return call
        case .elsewhere(let destination):
            guard let codec else {
                reply(.failure(.noLeader))
                return nil
            }
            return forward(endpoint.method, request, codec, to: destination, reply)
        case .refused(let error):
            reply(.failure(error))
            return nil
        }
    }

    private func forward<Request: ClusterRequest, Response>(
        _ method: RPCMethod, _ request: Request, _ codec: WireCodec<Request, Response>,
        to destination: CallDestination, _ reply: @escaping Reply<Response>
    ) -> (any PendingCall)? {
        var request = request
        // Servers look for a datacenter named "" otherwise.
        if request.datacenter.isEmpty { request.datacenter = datacenter }
        return forwarder.forward(method, codec.encodeRequest(request), to: destination) { result in
            reply(
                result.flatMap { bytes in
                    codec.decodeReply(bytes).mapError { error in
                        ConsulError(
                            .internal, "rpc: cannot read the reply to \(method.name): \(error)")
                    }
                })
        }
    }
}
