internal import ConsulModel
internal import Platform
internal import Telemetry
internal import Wire

/// Maps the method of each call that this server answers to its handler. Filled once, by one file
/// for each group of calls.
///
/// Each call is registered with its handler, and may be called in two ways: with typed values by
/// this process, and with bytes by other servers. Both ways lead through the router first.
struct EndpointTable: Sendable {
    /// The handler of one call behind its route.
    final class Handler<Request: ClusterRequest, Response: Sendable>: Sendable {
        typealias Body = @Sendable (Request, @escaping Reply<Response>) -> (any PendingCall)?
        let body: Body
        init(_ body: @escaping Body) { self.body = body }
    }

    /// The same handler for bytes in and bytes out.
    typealias WireHandler =
        @Sendable ([UInt8], @escaping Reply<[UInt8]>) -> (any PendingCall)?

    /// The handler of one method, and the types that it has.
    private struct Entry: Sendable {
        let request: ObjectIdentifier
        let response: ObjectIdentifier
        let handler: any AnyObject & Sendable
        /// Nil for the calls whose bodies are streams.
        let wire: WireHandler?
    }

    /// Indexed by `RPCMethod.slot`: every request looks one up.
    private var entries = [Entry?](repeating: nil, count: RPCMethod.allCases.count)
    private let host: ReadHost
    private let router: CallRouter
    let log: RaftLog
    let metrics: ServerMetrics

    init(host: ReadHost, router: CallRouter, log: RaftLog, metrics: ServerMetrics) {
        self.host = host
        self.router = router
        self.log = log
        self.metrics = metrics
    }

    var configuration: ServerConfiguration { host.configuration }
    var state: PublishedState { host.state }

    // MARK: Adding

    /// Adds a call whose request and reply are records.
    mutating func add<Request: ClusterRequest & Record, Response: WireValue & Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        _ body: @escaping Handler<Request, Response>.Body
    ) {
        let codec = WireCodec<Request, Response>()
        let handler = routed(endpoint, codec, body)
        insert(handler, for: endpoint) { bytes, reply in
            switch codec.decodeRequest(bytes) {
            case .success(let request):
                return handler.body(request) { reply($0.map(codec.encodeReply)) }
            case .failure(let error):
                reply(.failure(ConsulError(.internal, "\(error)")))
                return nil
            }
        }
    }

    /// Adds a call whose request or reply is a stream, which only this process can make.
    mutating func addStream<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        _ body: @escaping @Sendable (Request, @escaping Reply<Response>) -> Void
    ) {
        let handler = routed(endpoint, nil) { request, reply in
            body(request, reply)
            return nil
        }
        insert(handler, for: endpoint, wire: nil)
    }

    private func routed<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ codec: WireCodec<Request, Response>?,
        _ body: @escaping Handler<Request, Response>.Body
    ) -> Handler<Request, Response> {
        let router = router
        return Handler { request, reply in
            router.answer(endpoint, request, codec, reply, by: body)
        }
    }

    private mutating func insert<Request: ClusterRequest, Response: Sendable>(
        _ handler: Handler<Request, Response>, for endpoint: Endpoint<Request, Response>,
        wire: WireHandler?
    ) {
        let slot = endpoint.method.slot
        precondition(entries[slot] == nil, "\(endpoint.name) has two handlers")
        entries[slot] = Entry(
            request: ObjectIdentifier(Request.self), response: ObjectIdentifier(Response.self),
            handler: handler, wire: wire)
    }

    /// Adds a read that may block. Records of `type` can be filtered by expression.
    /// - Parameter check: refuses a request that no state could answer.
    mutating func add<Request: ReadRequest, Answer: IndexedReply & Sendable>(
        _ endpoint: Endpoint<Request, Answer>,
        filtering type: (any Filterable.Type)? = nil,
        check: (@Sendable (Request) throws(ConsulError) -> Void)? = nil,
        reading body: @escaping ReadHandler<Request, Answer>.Body
    ) {
        let read = ReadHandler<Request, Answer>(host: host, filteredType: type, body)
        guard let check else {
            add(endpoint) { request, reply in read.call(request, reply) }
            return
        }
        add(endpoint) { request, reply in
            do throws(ConsulError) { try check(request) } catch {
                reply(.failure(error))
                return nil
            }
            return read.call(request, reply)
        }
    }

    /// Adds a read that does not block.
    mutating func add<Request: ClusterRequest & Record, Response: WireValue & Sendable>(
        _ endpoint: Endpoint<Request, Response>, value: @escaping @Sendable () -> Response
    ) {
        add(endpoint) { _, reply in
            reply(.success(value()))
            return nil
        }
    }

    /// Adds a write: `prepare` validates the request and turns it into a command or an answer.
    ///
    /// - Parameters:
    ///   - timing: records the duration of each request that was proposed.
    ///   - follow: returns the work to do after a success and before the reply; nil for none.
    mutating func add<Request: ClusterRequest & Record, Response: WriteReply>(
        _ endpoint: Endpoint<Request, Response>, timing: Timing,
        preparing prepare: @escaping @Sendable (Request) throws(ConsulError) -> PreparedWrite,
        then follow: (@Sendable (Request) -> (@Sendable () -> Void)?)? = nil
    ) {
        let log = log
        add(endpoint) { request, reply in
            do throws(ConsulError) {
                switch try prepare(request) {
                case .answer(let answer): reply(.success(Response(applied: answer)))
                case .propose(let command):
                    let start = SystemClock.now()
                    // Made before, so that the request is not retained until the reply.
                    let done = follow?(request)
                    log.propose(command) { result in
                        timing.record(since: start)
                        switch result {
                        case .success(let commit):
                            done?()
                            reply(commit.answer.map(Response.init(applied:)))
                        case .failure(let error): reply(.failure(error))
                        }
                    }
                }
            } catch {
                reply(.failure(error))
            }
            return nil
        }
    }

    /// Adds a call that replies by itself. An error that `body` throws is the reply.
    mutating func add<Request: ClusterRequest & Record, Response: WireValue & Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        answering body:
            @escaping @Sendable (Request, @escaping Reply<Response>) throws(ConsulError) -> Void
    ) {
        add(endpoint) { request, reply in
            do throws(ConsulError) { try body(request, reply) } catch { reply(.failure(error)) }
            return nil
        }
    }

    // MARK: Finding

    func handler<Request: ClusterRequest, Response: Sendable>(
        for endpoint: Endpoint<Request, Response>
    ) -> Handler<Request, Response>? {
        // A cast would look the handler's type up by its name, at a cost a read can see.
        guard let entry = entries[endpoint.method.slot],
            entry.request == ObjectIdentifier(Request.self),
            entry.response == ObjectIdentifier(Response.self)
        else { return nil }
        return unsafeDowncast(entry.handler, to: Handler<Request, Response>.self)
    }

    /// - Returns: nil for a method that no server calls with bytes.
    func wireHandler(for method: RPCMethod) -> WireHandler? {
        entries[method.slot]?.wire
    }
}
