import ConsulModel
import HTTPTransport
import LocalAgent
import Primitives
import Wire

let sessionRoutes = [
    Route("/v1/session/create", ("PUT", .direct(SessionRoutes.create))),
    Route("/v1/session/destroy/", ("PUT", .direct(SessionRoutes.destroy))),
    Route("/v1/session/renew/", ("PUT", .direct(SessionRoutes.renew))),
    Route("/v1/session/info/", ("GET", .direct(SessionRoutes.info))),
    Route("/v1/session/node/", ("GET", .direct(SessionRoutes.node))),
    Route("/v1/session/list", ("GET", .direct(SessionRoutes.list))),
]

/// `/v1/session/…`.
enum SessionRoutes {
    // MARK: Writing

    @Sendable static func create(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        var request = SessionRequest()
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        var wanted = WantedSession()
        if !exchange.request.body.isEmpty { wanted = try exchange.body(acceptsUnknown: true) }
        request.session = try wanted.session(defaultNode: exchange.agent.local.nodeName)
        exchange.call(.sessionApply, request) { exchange.json(["ID": $0]) }
    }

    @Sendable static func destroy(_ exchange: Exchange) throws(ConsulError) {
        try exchange.query.refuseNamespace()
        var session = Session()
        session.id = try exchange.requireSubject("Missing session")
        var request = SessionRequest(.destroy, session)
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        exchange.call(.sessionApply, request) { _ in exchange.json(true) }
    }

    @Sendable static func renew(_ exchange: Exchange) throws(ConsulError) {
        let request = SessionSpecificRequest(
            try exchange.requireSubject("Missing session"), try exchange.options())
        exchange.call(.sessionRenew, request) { answer in
            answer.value.isEmpty
                ? ErrorMapping.response(
                    for: ConsulError(.notFound, "Session id '\(request.sessionID)' not found"))
                : exchange.json(answer.value)
        }
    }

    // MARK: Reading

    @Sendable static func info(_ exchange: Exchange) throws(ConsulError) {
        let request = SessionSpecificRequest(
            try exchange.requireSubject("Missing session"), try exchange.options())
        if exchange.query.has("locks") { return locks(exchange, request) }
        exchange.call(.sessionGet, request) {
            exchange.json($0.value, $0.meta, showsConsistency: false)
        }
    }

    @Sendable static func node(_ exchange: Exchange) throws(ConsulError) {
        let request = NodeSpecificRequest(
            try exchange.requireSubject("Missing node name"), try exchange.options())
        exchange.call(.sessionNodeSessions, request) {
            exchange.json($0.value, $0.meta, showsConsistency: false)
        }
    }

    @Sendable static func list(_ exchange: Exchange) throws(ConsulError) {
        let options = try exchange.options()
        let name = exchange.query["name"]
        if exchange.query.has("locks") {
            return locks(exchange, SessionSpecificRequest("", options), named: name)
        }
        exchange.call(.sessionList, DCSpecificRequest(options)) {
            let found = name.isEmpty ? $0.value : $0.value.filter { $0.name == name }
            return exchange.json(found, $0.meta, showsConsistency: false)
        }
    }

    private static func locks(
        _ exchange: Exchange, _ request: SessionSpecificRequest, named name: String = ""
    ) {
        exchange.call(.sessionLocks, request) {
            let found = name.isEmpty ? $0.value : $0.value.filter { $0.session.name == name }
            return exchange.json(found, $0.meta, showsConsistency: false)
        }
    }
}

/// A session in a client's request; missing fields have Consul's defaults.
private struct WantedSession: Record {
    var name = ""
    var node: String?
    var lockDelay = JSONValue.null
    var behavior = SessionBehavior.release.rawValue
    var ttl = ""
    var nodeChecks: [String]? = ["serfHealth"]
    var serviceChecks: [SessionServiceCheck]?
    var checks = GivenList()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Node", &node)
        try visit.field("LockDelay", &lockDelay)
        try visit.field("Behavior", &behavior)
        try visit.field("TTL", &ttl)
        try visit.field("NodeChecks", &nodeChecks)
        try visit.field("ServiceChecks", &serviceChecks)
        try visit.field("Checks", &checks)
    }

    func session(defaultNode: String) throws(ConsulError) -> Session {
        var session = Session()
        session.name = name
        session.node = node ?? defaultNode
        session.lockDelayNanoseconds = try Self.nanoseconds(lockDelay)
        session.behavior = behavior
        session.ttl = ttl
        // An empty list in the older spelling means none, as it did before the newer one existed.
        session.nodeChecks = checks.isGiven && checks.names.isEmpty ? [] : nodeChecks
        session.serviceChecks = serviceChecks
        session.checks = checks.names
        return session
    }

    /// Accepts the text of a duration, or a number: of nanoseconds, but of seconds below 1000.
    /// Anything else is zero, as in Consul.
    private static func nanoseconds(_ lockDelay: JSONValue) throws(ConsulError) -> Int {
        let given: Int
        switch lockDelay {
        case .null: return 15_000_000_000
        case .string(let text):
            do {
                given = Int(try GoDuration(parsing: text).nanoseconds)
            } catch {
                throw ConsulError(.badRequest, "Request decode failed: \(error)")
            }
        case .integer(let number): given = Int(number)
        case .double(let number): given = Int(exactly: number.rounded(.towardZero)) ?? 0
        default: given = 0
        }
        return given < 1_000 ? given &* 1_000_000_000 : given
    }
}

/// A list of names that may be missing, which differs from `null`.
private struct GivenList: WireValue {
    var names: [String] = []
    var isGiven = false
    init() {}
    var isWireEmpty: Bool { !isGiven }

    func encode<E: WireEncoder>(to encoder: inout E) { names.encode(to: &encoder) }

    mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        isGiven = true
        try names.decode(from: &decoder)
    }
}
