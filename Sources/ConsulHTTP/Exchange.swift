import ConsulModel
import HTTPTransport
import LocalAgent
import Primitives
import Telemetry
import Wire

/// One request on its way to an answer, as a route's handler sees it. An object, since it is handed
/// on several times: its parts are counted once.
final class Exchange: Sendable {
    let request: HTTPRequest
    let responder: HTTPResponder
    /// What stands behind the route's prefix, its escapes undone; empty for an exact route.
    let subject: String
    let query: QueryParameters
    let agent: AgentContext
    let face: AgentContext.Face
    /// For the routes of the catalog: what became of the call to the servers.
    let calls: ClientCallCounters.Route?

    init(
        request: HTTPRequest, responder: HTTPResponder, subject: String, query: QueryParameters,
        agent: AgentContext, face: AgentContext.Face, calls: ClientCallCounters.Route?
    ) {
        self.calls = calls
        self.request = request
        self.responder = responder
        self.subject = subject
        self.query = query
        self.agent = agent
        self.face = face
    }

    // MARK: Asking

    /// `?token`, then `X-Consul-Token`, then a bearer token.
    var token: String {
        if query.has("token") { return query["token"] }
        if let token = request.headers.first(name: "X-Consul-Token") { return token }
        guard let bearer = request.headers.first(name: "Authorization") else { return "" }
        return bearer.lowercased().hasPrefix("bearer ") ? String(bearer.dropFirst(7)) : ""
    }

    /// The options of a read. `Cache-Control` is judged as Consul does.
    /// - Parameter looksAtNamespace: false for the reads that Consul answers whatever `?ns` is.
    func options(looksAtNamespace: Bool = true) throws(ConsulError) -> QueryOptions {
        try CacheControl.refuseWrong(request.headers)
        return looksAtNamespace
            ? try query.options(token: token) : try query.consistency(token: token)
    }

    /// The options of a read of the catalog or of health, with `discovery_max_stale`.
    func discoveryOptions(looksAtNamespace: Bool = true) throws(ConsulError) -> QueryOptions {
        var options = try options(looksAtNamespace: looksAtNamespace)
        if options.source.node == "_agent" { options.source.node = agent.local.nodeName }
        if face.settings.discoveryMaxStale > .zero, options.consistency == .standard,
            !query.has("leader"), !query.has("cached")
        {
            options.consistency = .stale
        }
        return options
    }

    /// The body as a record. Consul's words for one that cannot be read.
    /// - Parameters:
    ///   - acceptsUnknown: Consul lets fields pass here that the record does not have.
    ///   - obsolete: Fields that Consul accepts without using them.
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

    /// Those of `records` that `?filter` lets pass.
    /// - Parameter judgesEach: Consul finds a wrong field only at the first record, and says so
    ///   without its usual beginning.
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

    /// Calls the backend and answers with what `answer` makes of the value. Answers at once when
    /// the backend does; else when it does, unless the client has gone.
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

    /// Answers with an error, and tells it.
    func fail(_ error: ConsulError) {
        RequestFailure(
            logger: agent.logger, method: request.method, uri: request.uri, peer: request.peer
        ).tell(error)
        responder.respond(ErrorMapping.response(for: error))
    }

    var isPretty: Bool { face.settings.alwaysPretty || query.has("pretty") }

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
