import ConsulModel
import HTTPTransport
import Primitives
import Wire

let kvRoutes = [
    Route(
        "/v1/kv/", ("GET", .direct(KVRoutes.get)), ("PUT", .direct(KVRoutes.put)),
        ("DELETE", .direct(KVRoutes.delete)))
]

extension Exchange {
    /// Estimates the bytes of an entry in an answer.
    fileprivate func room(for entry: KVEntry) -> Int {
        (isPretty ? 220 : 130) + entry.key.utf8.count + entry.value.count / 3 * 4
    }
}

/// `/v1/kv/:key`.
enum KVRoutes {
    // MARK: Reading

    @Sendable static func get(_ exchange: Exchange) throws(ConsulError) {
        let options = try exchange.options()
        if exchange.query.has("keys") { return try keys(exchange, options) }
        var request = KeyRequest(exchange.subject, options)
        if exchange.query.has("count") || exchange.query.has("hash") {
            return summary(exchange, request)
        }
        if exchange.query.has("recurse") {
            let page = try KVPage(exchange)
            request.startAfter = page.startAfter
            request.limit = page.readLimit
            exchange.call(.kvsList, request) { answer in
                guard !answer.value.isEmpty else { return missing(answer.meta) }
                let room = answer.value.reduce(256) { $0 + exchange.room(for: $1) }
                return page.answer(exchange, answer.value, answer.meta, room: room, key: \.key)
            }
            return
        }
        try requireKey(exchange)
        let isRaw = exchange.query.has("raw")
        exchange.call(.kvsGet, request) { answer in
            guard let entry = answer.value.first else { return missing(answer.meta) }
            return isRaw
                ? raw(entry, answer.meta)
                : exchange.json(answer.value, answer.meta, showsConsistency: false)
        }
    }

    private static func keys(_ exchange: Exchange, _ options: QueryOptions) throws(ConsulError) {
        var request = KeyListRequest(exchange.subject, options)
        request.separator = exchange.query["separator"]
        request.depth = Int(clamping: try exchange.query.unsigned("depth") ?? 0)
        let isRoot = request.prefix.isEmpty
        let page = try KVPage(exchange)
        request.startAfter = page.startAfter
        request.limit = page.readLimit
        exchange.call(.kvsListKeys, request) { answer in
            if answer.value.isEmpty, !isRoot { return missing(answer.meta) }
            return page.answer(exchange, answer.value, answer.meta, key: \.self)
        }
    }

    private static func summary(_ exchange: Exchange, _ request: KeyRequest) {
        var request = request
        request.wantsHash = exchange.query.has("hash")
        exchange.call(.kvsSummary, request) {
            exchange.json($0.value, $0.meta, showsConsistency: false)
        }
    }

    private static func missing(_ meta: QueryMeta) -> HTTPResponse {
        var headers = HeaderFields()
        Exchange.add(meta, to: &headers, showsConsistency: false)
        return HTTPResponse(status: 404, headers: headers)
    }

    /// Answers with the unchanged value. Any client may have written it, so a browser must not
    /// treat it as a page.
    private static func raw(_ entry: KVEntry, _ meta: QueryMeta) -> HTTPResponse {
        var headers: HeaderFields = [
            "Content-Type": "text/plain", "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        ]
        Exchange.add(meta, to: &headers, showsConsistency: false)
        return HTTPResponse(status: 200, headers: headers, body: entry.value.array)
    }

    // MARK: Writing

    @Sendable static func put(_ exchange: Exchange) throws(ConsulError) {
        // Consul parses the parameters of a read here too, and refuses wrong ones.
        _ = try exchange.options()
        try requireKey(exchange)
        try refuseConflicts(exchange, among: ["acquire", "cas", "release"])
        var entry = KVEntry()
        entry.key = exchange.subject
        entry.value = Bytes(exchange.request.body)
        entry.flags = try exchange.query.unsigned("flags") ?? 0
        try refuseConflicts(exchange, among: ["lease", "ttl"])
        let ttl = try timeToLive(exchange)
        if exchange.query.has("lease") {
            entry.lease = exchange.query["lease"]
            if entry.lease.isEmpty {
                throw ConsulError(.badRequest, "Invalid lease: name the key to live as long as")
            }
        }
        var operation = KVOperation.set
        if let index = try exchange.query.unsigned("cas") {
            operation = .cas
            entry.raftIndex.modifyIndex = index
        }
        for (parameter, verb) in [("acquire", KVOperation.lock), ("release", .unlock)]
        where exchange.query.has(parameter) {
            operation = verb
            entry.session = exchange.query[parameter]
        }
        apply(operation, entry, exchange, ttl: ttl)
    }

    private static func timeToLive(_ exchange: Exchange) throws(ConsulError) -> GoDuration {
        guard exchange.query.has("ttl") else { return .zero }
        let text = exchange.query["ttl"]
        guard let ttl = GoDuration(text), ttl > .zero else {
            throw ConsulError(
                .badRequest, "Invalid ttl \(GoText.quoted(text)): write it as 90s, 10m or 24h")
        }
        return ttl
    }

    @Sendable static func delete(_ exchange: Exchange) throws(ConsulError) {
        _ = try exchange.options()
        var entry = KVEntry()
        entry.key = exchange.subject
        if exchange.query.has("recurse") {
            try refuseConflicts(exchange, among: ["cas", "recurse"])
            return apply(.deleteTree, entry, exchange)
        }
        try requireKey(exchange)
        if let index = try exchange.query.unsigned("cas") {
            entry.raftIndex.modifyIndex = index
            return apply(.deleteCAS, entry, exchange)
        }
        apply(.delete, entry, exchange)
    }

    private static func apply(
        _ operation: KVOperation, _ entry: KVEntry, _ exchange: Exchange,
        ttl: GoDuration = .zero
    ) {
        var request = KVSRequest(operation, entry)
        request.ttl = ttl
        request.datacenter = exchange.query["dc"]
        request.token = exchange.token
        exchange.call(.kvsApply, request) { exchange.json($0) }
    }

    private static func requireKey(_ exchange: Exchange) throws(ConsulError) {
        if exchange.subject.isEmpty { throw ConsulError(.badRequest, "Missing key name") }
    }

    private static func refuseConflicts(
        _ exchange: Exchange, among names: [String]
    ) throws(ConsulError) {
        let given = names.filter { exchange.query.has($0) }
        guard given.count > 1 else { return }
        let shown = given.map { "\($0)=\(exchange.query[$0])" }.joined(separator: "&")
        throw ConsulError(.badRequest, "Conflicting flags: \(shown)")
    }
}
