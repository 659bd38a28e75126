internal import ConsulModel
internal import ConsulState
internal import NIOCore
internal import Primitives
internal import Telemetry

typealias Reply<Response> = @Sendable (Result<Response, ConsulError>) -> Void

/// A request with its parsed filter, for any number of reads.
struct ReadPlan<Request: ReadRequest>: Sendable {
    let request: Request
    let filter: Filter?

    var options: QueryOptions { request.options }
}

/// Answers one read call, and parks it as the blocking rule requires.
final class ReadHandler<Request: ReadRequest, Answer: IndexedReply & Sendable>: Sendable {
    typealias Body = @Sendable (StateView, ReadPlan<Request>) -> Reading<Answer.Value>

    private let host: ReadHost
    /// The type of record that `?filter` judges; nil for reads that ignore it, as Consul does.
    private let filteredType: (any Filterable.Type)?
    private let body: Body

    init(host: ReadHost, filteredType: (any Filterable.Type)?, _ body: @escaping Body) {
        self.host = host
        self.filteredType = filteredType
        self.body = body
    }

    func call(_ request: Request, _ reply: @escaping Reply<Answer>) -> (any PendingCall)? {
        let plan: ReadPlan<Request>
        do throws(ConsulError) {
            plan = ReadPlan(request: request, filter: try filter(request.options.filter))
        } catch {
            reply(.failure(error))
            return nil
        }
        host.metrics.queries.increment()
        let view = host.state.load()
        let reading = body(view, plan)
        let answer = answer(reading, plan)
        let known = request.options.minQueryIndex
        // Only a later index is news, as in Consul: a client may keep one index for several reads,
        // or the highest that it has seen. A read of a state with lower indexes is answered when
        // the state is replaced, or at its deadline.
        guard known > 0, answer.meta.index <= known else {
            reply(.success(answer))
            return nil
        }
        let hub = host.hub
        let waiter = QueryWaiter(
            plan, self, region: reading.region, generation: view.generation,
            deadline: hub.deadline(after: host.wait(request.options.maxQueryTime)),
            lane: hub.laneForCaller(), hub: hub, reply: reply
        ) { waiter, event in
            // Cast here, where the type is known.
            unsafeDowncast(waiter, to: QueryWaiter<Request, Answer>.self).answer(event)
        }
        return hub.park(waiter, seen: view)
    }

    func read(_ view: StateView, _ plan: ReadPlan<Request>) -> Answer {
        answer(body(view, plan), plan)
    }

    private func answer(_ reading: Reading<Answer.Value>, _ plan: ReadPlan<Request>) -> Answer {
        // Never 0: a client that sends it back would not block.
        var meta = QueryMeta(index: max(reading.index, 1))
        meta.isByRoundTrip = reading.isByRoundTrip
        meta.consistency = plan.request.options.consistency
        if meta.consistency == .stale {
            (meta.knownLeader, meta.lastContact) = host.log.contact()
        }
        return Answer(reading.value, meta)
    }

    private func filter(_ expression: String) throws(ConsulError) -> Filter? {
        guard !expression.isEmpty, let filteredType else { return nil }
        do {
            return try Filter(expression, for: filteredType)
        } catch {
            throw ConsulError(.internal, error.description)
        }
    }
}

/// Holds the dependencies that all reads of a server share.
struct ReadHost: Sendable {
    let configuration: ServerConfiguration
    let state: PublishedState
    let hub: WaiterHub
    let log: RaftLog
    let metrics: ServerMetrics

    func wait(_ asked: GoDuration) -> GoDuration {
        if asked.nanoseconds <= 0 { return configuration.defaultQueryTime }
        return min(asked, configuration.maxQueryTime)
    }
}

/// A parked call of a read.
final class QueryWaiter<Request: ReadRequest, Answer: IndexedReply & Sendable>: Waiter,
    @unchecked Sendable
{
    private let plan: ReadPlan<Request>
    private let read: ReadHandler<Request, Answer>
    private let hub: WaiterHub
    private let reply: Reply<Answer>
    /// The generation of the view that left the query unanswered.
    private let generation: UInt64

    init(
        _ plan: ReadPlan<Request>, _ read: ReadHandler<Request, Answer>, region: Region,
        generation: UInt64, deadline: NIODeadline, lane: WakeLane, hub: WaiterHub,
        reply: @escaping Reply<Answer>, handler: @escaping Handler
    ) {
        self.plan = plan
        self.read = read
        self.generation = generation
        self.hub = hub
        self.reply = reply
        super.init(region: region, deadline: deadline, lane: lane, handler: handler)
    }

    /// - Returns: true when the waiter is answered, now or before.
    func answer(_ event: Event) -> Bool {
        if isAnswered { return true }
        switch event {
        case .look(let reading):
            let answer = reading.answer(of: read, plan)
            if answer.meta.index <= plan.request.options.minQueryIndex,
                reading.view.generation == generation
            {
                return false
            }
            give(.success(answer))
        case .expire(let reading): give(.success(reading.answer(of: read, plan)))
        case .fail(let error): give(.failure(error))
        }
        return true
    }

    private func give(_ result: Result<Answer, ConsulError>) {
        guard claim() else { return }
        hub.noteAnswered(self)
        reply(result)
    }
}
