internal import ConsulModel
internal import ConsulState
internal import NIOCore
internal import Platform
internal import Primitives
internal import Synchronization
internal import Telemetry

typealias Reply<Response> = @Sendable (Result<Response, ConsulError>) -> Void

/// A query with what was made of it once, for however often it is read.
struct ReadPlan: Sendable {
    let query: NamedQuery
    let filter: Filter?
}

/// A read, and the rule by which it blocks.
final class ReadEndpoint<Value: Sendable>: Sendable {
    typealias Body = @Sendable (Snapshot, ReadPlan) -> Reading<Value>

    private let host: ReadHost
    /// The record that a filter is about; nil for reads that take none, and ignore it, as Consul
    /// does.
    private let subject: (any Filterable.Type)?
    private let body: Body

    init(host: ReadHost, subject: (any Filterable.Type)?, _ body: @escaping Body) {
        self.host = host
        self.subject = subject
        self.body = body
    }

    func call(_ query: NamedQuery, _ reply: @escaping Reply<Indexed<Value>>) -> (any PendingCall)? {
        let plan: ReadPlan
        do throws(ConsulError) {
            try host.checkDatacenter(query.options.datacenter)
            plan = ReadPlan(query: query, filter: try filter(query.options.filter))
        } catch {
            reply(.failure(error))
            return nil
        }
        host.metrics.queries.increment()
        switch query.options.consistency {
        case .stale: break
        case .standard:
            guard host.log.leadership.isReady else {
                reply(.failure(.noLeader))
                return nil
            }
        case .consistent:
            let call = VerifiedCall()
            let (asked, timing) = (SystemClock.now(), host.metrics.consistentRead)
            host.log.verify { error in
                timing.record(since: asked)
                if let error { return reply(.failure(error)) }
                call.fill { self.answer(plan, reply) }
            }
            return call
        }
        return answer(plan, reply)
    }

    private func answer(
        _ plan: ReadPlan, _ reply: @escaping Reply<Indexed<Value>>
    ) -> (any PendingCall)? {
        let snapshot = host.state.load()
        let reading = body(snapshot, plan)
        let answer = answer(reading, plan)
        let known = plan.query.options.minQueryIndex
        // Only a later index is news, as in Consul: a client may keep one index for several reads,
        // or the highest that it has seen. A state that went back answers when it is replaced, or
        // when the wait is over.
        guard known > 0, answer.meta.index <= known else {
            reply(.success(answer))
            return nil
        }
        let hub = host.hub
        let waiter = QueryWaiter(
            plan, self, region: reading.region, generation: snapshot.generation,
            deadline: hub.deadline(after: host.wait(plan.query.options.maxQueryTime)),
            lane: hub.laneForCaller(), hub: hub, reply: reply
        ) { waiter, event in
            // Made here, where the type is known, for the one that is made here.
            unsafeDowncast(waiter, to: QueryWaiter<Value>.self).handle(event)
        }
        return hub.park(waiter, seen: snapshot)
    }

    func read(_ snapshot: Snapshot, _ plan: ReadPlan) -> Indexed<Value> {
        answer(body(snapshot, plan), plan)
    }

    private func answer(_ reading: Reading<Value>, _ plan: ReadPlan) -> Indexed<Value> {
        // Never 0: a client that sent it back would not block.
        var meta = QueryMeta(index: max(reading.index, 1))
        meta.isByRoundTrip = reading.isByRoundTrip
        meta.consistency = plan.query.options.consistency
        if meta.consistency == .stale {
            (meta.knownLeader, meta.lastContact) = host.log.contact()
        }
        return Indexed(reading.value, meta)
    }

    private func filter(_ expression: String) throws(ConsulError) -> Filter? {
        guard !expression.isEmpty, let subject else { return nil }
        do {
            return try Filter(expression, for: subject)
        } catch {
            throw ConsulError(.internal, error.description)
        }
    }
}

/// What all reads of a server share.
struct ReadHost: Sendable {
    let configuration: ServerConfiguration
    let state: PublishedState
    let hub: WatchHub
    let log: RaftLog
    let metrics: ServerMetrics

    func checkDatacenter(_ datacenter: String) throws(ConsulError) {
        if datacenter.isEmpty || datacenter == configuration.datacenter { return }
        throw .noPathToDatacenter
    }

    func wait(_ asked: GoDuration) -> GoDuration {
        if asked.nanoseconds <= 0 { return configuration.defaultQueryTime }
        return min(asked, configuration.maxQueryTime)
    }
}

/// A parked call of a read.
final class QueryWaiter<Value: Sendable>: Waiter, @unchecked Sendable {
    private let plan: ReadPlan
    private let endpoint: ReadEndpoint<Value>
    private let hub: WatchHub
    private let reply: Reply<Indexed<Value>>
    /// The generation of the snapshot that left the query unanswered.
    private let generation: UInt64

    init(
        _ plan: ReadPlan, _ endpoint: ReadEndpoint<Value>, region: Region, generation: UInt64,
        deadline: NIODeadline,
        lane: WakeLane, hub: WatchHub, reply: @escaping Reply<Indexed<Value>>,
        handler: @escaping Handler
    ) {
        self.plan = plan
        self.endpoint = endpoint
        self.generation = generation
        self.hub = hub
        self.reply = reply
        super.init(region: region, deadline: deadline, lane: lane, handler: handler)
    }

    func handle(_ event: Event) -> Bool {
        if isAnswered { return true }
        switch event {
        case .look(let reading):
            let answer = reading.answer(of: endpoint, plan)
            if answer.meta.index <= plan.query.options.minQueryIndex,
                reading.snapshot.generation == generation
            {
                return false
            }
            give(.success(answer))
        case .expire(let reading): give(.success(reading.answer(of: endpoint, plan)))
        case .fail(let error): give(.failure(error))
        }
        return true
    }

    private func give(_ result: Result<Indexed<Value>, ConsulError>) {
        guard claim() else { return }
        hub.noteAnswered(self)
        reply(result)
    }
}

/// A read that begins once a quorum has said that this server leads.
final class VerifiedCall: PendingCall {
    private enum State {
        case asked
        case begun((any PendingCall)?)
        case cancelled
    }
    private let state = Mutex(State.asked)

    func fill(_ begin: () -> (any PendingCall)?) {
        let pending = begin()
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .begun(pending)
            return false
        }
        if isCancelled { pending?.cancel() }
    }

    func cancel() {
        let pending = state.withLock { state -> (any PendingCall)? in
            defer { state = .cancelled }
            if case .begun(let pending) = state { return pending }
            return nil
        }
        pending?.cancel()
    }
}
