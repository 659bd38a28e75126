internal import ConsulModel
internal import ConsulState
internal import Platform
internal import Primitives
internal import Telemetry

/// Holds the handlers of the calls about sessions.
enum SessionHandlers {
    static func register(in table: inout EndpointTable, timers: SessionTimers) {
        table.add(
            .sessionGet, check: { request throws(ConsulError) in try valid(request.sessionID) },
            reading: { view, plan in
                let reading = try? view.store.sessions.get(plan.request.sessionID)
                guard let reading else {
                    preconditionFailure("\(plan.request.sessionID) was judged valid")
                }
                return reading.with(reading.value.map { [$0] } ?? [])
            })
        table.add(
            .sessionList, filtering: Session.self,
            reading: { view, plan in
                var reading = view.store.sessions.list()
                if let filter = plan.filter { reading.value.removeAll { !filter.matches($0) } }
                return reading
            })
        table.add(.sessionLocks, reading: { view, plan in
            let (id, store) = (plan.request.sessionID, view.store)
            guard !id.isEmpty else {
                let all = store.sessions.list()
                return all.with(all.value.map { SessionWithLocks($0, locks(of: $0, store)) })
            }
            guard let reading = try? store.sessions.get(id) else {
                return Reading([], 0, .tables(.sessions))
            }
            return reading.with(
                reading.value.map { [SessionWithLocks($0, locks(of: $0, store))] } ?? [])
        })
        table.add(.sessionNodeSessions, reading: { view, plan in
            view.store.sessions.list(node: plan.request.node)
        })
        addWrites(to: &table, timers: timers)
    }

    private static func addWrites(to table: inout EndpointTable, timers: SessionTimers) {
        let (log, state, metrics) = (table.log, table.state, table.metrics)
        let ttlMin = table.configuration.sessionTTLMin
        table.add(.sessionApply, answering: { request, reply throws(ConsulError) in
            let request = try prepared(request, ttlMin: ttlMin, state)
            let start = SystemClock.now()
            log.propose(.session(request)) { result in
                metrics.sessionApply.record(since: start)
                reply(finished(request, result, state, timers))
            }
        })
        table.add(.sessionRenew, answering: { request, reply throws(ConsulError) in
            let start = SystemClock.now()
            defer { metrics.sessionRenew.record(since: start) }
            let reading = try found(request.sessionID, state.load())
            if let session = reading.value { timers.reset(session) }
            let meta = QueryMeta(index: max(reading.index, 1))
            reply(.success(IndexedSessions(reading.value.map { [$0] } ?? [], meta)))
        })
    }

    private static func locks(of session: Session, _ store: StateStore) -> [SessionLock] {
        store.kvs.keysHeld(by: session.id).compactMap { store.kvs.get($0).value }
            .map { SessionLock($0) }
    }

    private static func valid(_ id: String) throws(ConsulError) {
        _ = try found(id, StateView(store: StateStore(), index: 0))
    }

    private static func found(
        _ id: String, _ view: StateView
    ) throws(ConsulError) -> Reading<Session?> {
        do {
            return try view.store.sessions.get(id)
        } catch {
            throw ConsulError(.internal, error.description)
        }
    }

    /// Validates with Consul's texts, and gives a new session its ID.
    private static func prepared(
        _ request: SessionRequest, ttlMin: GoDuration, _ state: PublishedState
    ) throws(ConsulError) -> SessionRequest {
        var request = request
        let session = request.session
        switch request.operation {
        case .destroy:
            if session.id.isEmpty { throw ConsulError(.internal, "Must provide ID") }
        case .create:
            if session.node.isEmpty { throw ConsulError(.internal, "Must provide Node") }
            request.session.id = newID(state.load())
        }
        if !session.behavior.isEmpty, SessionBehavior(rawValue: session.behavior) == nil {
            throw ConsulError(.internal, "Invalid Behavior setting '\(session.behavior)'")
        }
        guard !session.ttl.isEmpty else { return request }
        let ttl: GoDuration
        do {
            ttl = try GoDuration(parsing: session.ttl)
        } catch {
            throw ConsulError(.internal, "Session TTL '\(session.ttl)' invalid: \(error)")
        }
        if ttl != .zero, ttl < ttlMin || ttl > Limits.sessionTTLMax {
            throw ConsulError(
                .internal,
                "Invalid Session TTL '\(ttl.nanoseconds)', must be between "
                    + "[\(ttlMin)=\(Limits.sessionTTLMax)]")
        }
        return request
    }

    /// Uses the system's generator: a session's ID is as good as a password for its locks.
    private static func newID(_ view: StateView) -> String {
        var random = SystemRandomNumberGenerator()
        while true {
            let id = UUIDText.random(using: &random)
            if let reading = try? view.store.sessions.get(id), reading.value == nil {
                return id
            }
        }
    }

    private static func finished(
        _ request: SessionRequest, _ result: Result<Commit, ConsulError>, _ state: PublishedState,
        _ timers: SessionTimers
    ) -> Result<String, ConsulError> {
        let id = request.session.id
        switch result.flatMap(\.answer) {
        case .failure(let error): return .failure(error)
        case .success:
            switch request.operation {
            case .create: timers.reset(request.session)
            case .destroy: timers.stop(id)
            }
            return .success(id)
        }
    }
}
