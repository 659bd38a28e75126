internal import ConsulModel
internal import Platform
internal import Telemetry

/// Every call that this server answers, by name. Filled once, by one file for each group of
/// endpoints.
struct EndpointTable: Sendable {
    /// What is done for one call.
    final class Handler<Request: Sendable, Response: Sendable>: Sendable {
        typealias Body = @Sendable (Request, @escaping Reply<Response>) -> (any PendingCall)?
        let body: Body
        init(_ body: @escaping Body) { self.body = body }
    }

    /// What answers one method, and which types it has.
    private struct Entry: Sendable {
        let request: ObjectIdentifier
        let response: ObjectIdentifier
        let handler: any AnyObject & Sendable
    }

    /// By the methods' numbers: every request looks one up.
    private var entries = [Entry?](repeating: nil, count: RPCMethod.allCases.count)
    private let host: ReadHost
    let log: RaftLog
    let metrics: ServerMetrics

    init(host: ReadHost, log: RaftLog, metrics: ServerMetrics) {
        self.host = host
        self.log = log
        self.metrics = metrics
    }

    var configuration: ServerConfiguration { host.configuration }
    var state: PublishedState { host.state }

    mutating func add<Request: Sendable, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        _ body: @escaping Handler<Request, Response>.Body
    ) {
        let place = Int(endpoint.method.rawValue)
        precondition(entries[place] == nil, "\(endpoint.name) is answered twice")
        entries[place] = Entry(
            request: ObjectIdentifier(Request.self), response: ObjectIdentifier(Response.self),
            handler: Handler(body))
    }

    /// A read that may block. Records of `subject` can be filtered by expression.
    /// - Parameter check: refuses a query that no state could answer.
    mutating func add<Value: Sendable>(
        _ endpoint: Endpoint<NamedQuery, Indexed<Value>>,
        filtering subject: (any Filterable.Type)? = nil,
        check: (@Sendable (NamedQuery) throws(ConsulError) -> Void)? = nil,
        _ body: @escaping ReadEndpoint<Value>.Body
    ) {
        let read = ReadEndpoint(host: host, subject: subject, body)
        guard let check else {
            add(endpoint) { query, reply in read.call(query, reply) }
            return
        }
        add(endpoint) { query, reply in
            do throws(ConsulError) { try check(query) } catch {
                reply(.failure(error))
                return nil
            }
            return read.call(query, reply)
        }
    }

    /// A read of what never changes, or whose callers do not wait for it.
    mutating func add<Value: Sendable>(
        _ endpoint: Endpoint<NamedQuery, Value>, _ body: @escaping @Sendable () -> Value
    ) {
        let host = host
        add(endpoint) { query, reply in
            do throws(ConsulError) {
                try host.checkDatacenter(query.options.datacenter)
                reply(.success(body()))
            } catch {
                reply(.failure(error))
            }
            return nil
        }
    }

    /// A write: `prepare` validates the request and turns it into a command, or answers by itself.
    ///
    /// - Parameters:
    ///   - timing: told how long each one took that was proposed.
    ///   - follow: tells what is to be done after a success, before it is answered; nil for
    ///     nothing.
    mutating func add<Request: Sendable>(
        _ endpoint: Endpoint<Request, Bool>, timing: Timing,
        in datacenter: @escaping @Sendable (Request) -> String,
        _ prepare: @escaping @Sendable (Request) throws(ConsulError) -> Intent,
        then follow: (@Sendable (Request) -> (@Sendable () -> Void)?)? = nil
    ) {
        let host = host
        let log = log
        add(endpoint) { request, reply in
            do throws(ConsulError) {
                try host.checkDatacenter(datacenter(request))
                switch try prepare(request) {
                case .answer(let answer): reply(.success(answer))
                case .propose(let command):
                    let start = SystemClock.now()
                    // Asked before, so that the request need not be kept until it is answered.
                    let done = follow?(request)
                    log.propose(command) { result in
                        timing.record(since: start)
                        switch result {
                        case .success(let commit):
                            done?()
                            reply(commit.answer)
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

    /// A call that answers by itself. What `body` throws is its answer.
    mutating func add<Request: Sendable, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>,
        in datacenter: @escaping @Sendable (Request) -> String,
        _ body:
            @escaping @Sendable (Request, @escaping Reply<Response>) throws(ConsulError) -> Void
    ) {
        let host = host
        add(endpoint) { request, reply in
            do throws(ConsulError) {
                try host.checkDatacenter(datacenter(request))
                try body(request, reply)
            } catch {
                reply(.failure(error))
            }
            return nil
        }
    }

    func handler<Request: Sendable, Response: Sendable>(
        for endpoint: Endpoint<Request, Response>
    ) -> Handler<Request, Response>? {
        // A cast would look the handler's type up by its name, at a cost a read can see.
        guard let entry = entries[Int(endpoint.method.rawValue)],
            entry.request == ObjectIdentifier(Request.self),
            entry.response == ObjectIdentifier(Response.self)
        else { return nil }
        return unsafeDowncast(entry.handler, to: Handler<Request, Response>.self)
    }
}
