import ConsulModel
import HTTPTransport
import LocalAgent
import Primitives
import Telemetry
import Wire

/// One request and the way to answer it, for a route's action. A class, because it is passed on
/// several times: copying costs one retain.
final class Exchange: Sendable {
    let request: HTTPRequest
    let responder: HTTPResponder
    /// The variable part of the path, without escapes; empty for a route without one.
    let subject: String
    let query: QueryParameters
    let agent: AgentContext
    let active: AgentContext.ActiveSettings
    /// The counters of the call, for the routes of the catalog.
    let calls: ClientCallCounters.Route?

    init(
        request: HTTPRequest, responder: HTTPResponder, subject: String, query: QueryParameters,
        agent: AgentContext, active: AgentContext.ActiveSettings, calls: ClientCallCounters.Route?
    ) {
        self.calls = calls
        self.request = request
        self.responder = responder
        self.subject = subject
        self.query = query
        self.agent = agent
        self.active = active
    }

    // MARK: Reading the request

    /// The value of `?token`, else of `X-Consul-Token`, else a bearer token.
    var token: String {
        if query.has("token") { return query["token"] }
        if let token = request.headers.first(name: "X-Consul-Token") { return token }
        guard let bearer = request.headers.first(name: "Authorization") else { return "" }
        return bearer.lowercased().hasPrefix("bearer ") ? String(bearer.dropFirst(7)) : ""
    }

    /// Returns the options of a read. Refuses a `Cache-Control` that Consul refuses.
    /// - Parameter looksAtNamespace: false for the reads that Consul answers whatever `?ns` is.
    func options(looksAtNamespace: Bool = true) throws(ConsulError) -> QueryOptions {
        try CacheControl.refuseWrong(request.headers)
        return looksAtNamespace
            ? try query.options(token: token) : try query.optionsIgnoringNamespace(token: token)
    }

    /// Returns the options of a read of the catalog or of health, with `discovery_max_stale`.
    func discoveryOptions(looksAtNamespace: Bool = true) throws(ConsulError) -> QueryOptions {
        var options = try options(looksAtNamespace: looksAtNamespace)
        if options.source.node == "_agent" { options.source.node = agent.local.nodeName }
        if active.settings.discoveryMaxStale > .zero, options.consistency == .standard,
            !query.has("leader"), !query.has("cached")
        {
            options.consistency = .stale
        }
        return options
    }

    /// Decodes the body as a record. Errors are in Consul's words.
    /// - Parameters:
    ///   - acceptsUnknown: skips fields that the record does not have, as Consul does for this
    ///     body.
    ///   - obsolete: fields that Consul accepts without using them.
    func body<Body: WireValue>(
        _ type: Body.Type = Body.self, acceptsUnknown: Bool = false,
        obsolete: [String] = []
    ) throws(ConsulError) -> Body {
        if StrictBody.isBlank(request.body) {
            throw ConsulError(.badRequest, "Request decode failed: EOF")
        }
        do {
            var reader = StrictBody.reader(request.body, obsolete: obsolete)
            reader.refusesUnknownKeys = !acceptsUnknown
            var value = Body()
            try value.decode(from: &reader)
            try reader.finish()
            return value
        } catch {
            throw ConsulError(
                .badRequest, "Request decode failed: \(StrictBody.reason(error))")
        }
    }

    /// Returns the records that match `?filter`.
    /// - Parameter judgesEach: reports a wrong field only at the first record and without the usual
    ///   prefix, as Consul does for this list.
    func filtered<Value: Record & Sendable>(
        _ records: [String: Value], judgesEach: Bool = false
    ) throws(ConsulError) -> [String: Value] {
        let expression = query["filter"]
        guard !expression.isEmpty else { return records }
        do throws(FilterError) {
            let filter = try Filter(expression, for: Value.self)
            return records.filter { filter.matches($0.value) }
        } catch {
            guard judgesEach, error.isAboutFields else {
                throw ConsulError(.internal, error.description)
            }
            if records.isEmpty { return records }
            throw ConsulError(.internal, error.reason)
        }
    }

    /// Makes a call, and responds with `answer` of its result: at once when the result is
    /// available, else later, unless the client has disconnected.
    func call<Request: ClusterRequest, Response: Sendable>(
        _ endpoint: Endpoint<Request, Response>, _ request: Request,
        answer: @escaping @Sendable (Response) -> HTTPResponse
    ) {
        let pending = agent.backend.call(endpoint, request) { [self] result in
            switch result {
            case .success(let value):
                calls?.succeeded.increment()
                responder.respond(answer(value))
            case .failure(let error):
                calls?.failed.increment()
                fail(error)
            }
        }
        if let pending { responder.onClose { pending.cancel() } }
    }

    // MARK: Answering

    /// Responds with an error, and logs it.
    func fail(_ error: ConsulError) {
        RequestFailure(
            logger: agent.logger, method: request.method, uri: request.uri, peer: request.peer
        ).log(error)
        responder.respond(ErrorMapping.response(for: error))
    }

    var isPretty: Bool { active.settings.alwaysPretty || query.has("pretty") }

    func json(
        _ value: some WireValue, _ meta: QueryMeta? = nil, status: Int = 200,
        showsConsistency: Bool = true, capacity: Int = 256
    ) -> HTTPResponse {
        json(
            encoded: encoded(value, capacity: capacity), meta, status: status,
            showsConsistency: showsConsistency)
    }

    func encoded(_ value: some WireValue, capacity: Int) -> [UInt8] {
        JSONWriter.encode(value, pretty: isPretty, capacity: capacity, endsLine: isPretty)
    }

    func json(
        encoded body: [UInt8], _ meta: QueryMeta?, status: Int = 200, showsConsistency: Bool = true
    ) -> HTTPResponse {
        var headers = HeaderFields(reserving: 192)
        headers.add(lines: "Content-Type: application/json\r\n")
        if let meta { Self.add(meta, to: &headers, showsConsistency: showsConsistency) }
        return HTTPResponse(status: status, headers: headers, body: body)
    }

    func json(shared body: SharedBody, _ meta: QueryMeta) -> HTTPResponse {
        var response = json(encoded: [], meta)
        response.sharedBody = body
        return response
    }

    static func add(_ meta: QueryMeta, to headers: inout HeaderFields, showsConsistency: Bool) {
        if showsConsistency {
            headers.add(
                name: "X-Consul-Effective-Consistency", value: meta.consistency.rawValue)
        }
        headers.add(name: "X-Consul-Index", number: max(meta.index, 1))
        headers.add(
            lines: meta.knownLeader
                ? "X-Consul-Knownleader: true\r\n" : "X-Consul-Knownleader: false\r\n")
        headers.add(
            name: "X-Consul-Lastcontact", number: UInt64(max(meta.lastContact.milliseconds, 0)))
    }

    static let empty = HTTPResponse(status: 200)
}
