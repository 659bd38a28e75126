internal import Logging
internal import Memberlist
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Primitives
internal import Serf
internal import Synchronization
internal import Telemetry

/// The part of a node that is confined to its event loop: steps the core and carries out its
/// directives in order. It has no rule of the protocol.
final class GossipLoop {
    let loop: any EventLoop
    let setup: GossipSetup
    var codec: PacketCodec
    var core: SerfCore
    /// The copy for readers on other threads.
    let published: PublishedPool

    let datagrams: any Channel
    let sender: UDPSocket
    let listener: any Channel
    /// Streams that other nodes opened and wait for an answer.
    var incoming: [IncomingStream: any Channel] = [:]
    /// The replies that are being written.
    var replies: [IncomingStream: EventLoopFuture<Void>] = [:]
    var incomingCount = 0
    var nextIncoming: IncomingStream = 1
    var outgoingCount = 0

    private var answers: [SerfTicket: (SerfOutcome) -> Void] = [:]
    private var queries: [QueryID: (QueryProgress) -> Void] = [:]
    private var nextTicket: SerfTicket = 1
    private var snapshot: SnapshotFile?
    var notes = NoteLimiter()
    private var timer: Scheduled<Void>?
    private var timerAt = Instant.distantFuture
    private var publishedAt = Instant.zero
    /// The last publication of changed members.
    private var changedAt = Instant.zero
    private var isPublishing = false

    /// Inputs that arrive while directives are carried out.
    private var inbox = FIFOQueue<SerfInput>()
    private var isStepping = false
    private(set) var isStopped = false

    init(
        _ setup: GossipSetup, core: SerfCore, snapshot: SnapshotFile?, sockets: GossipSockets,
        on loop: any EventLoop, published: PublishedPool
    ) {
        self.setup = setup
        self.core = core
        codec = setup.codec
        self.snapshot = snapshot
        datagrams = sockets.datagrams
        sender = sockets.sender
        listener = sockets.listener
        self.loop = loop
        self.published = published
    }

    var bound: NIOLoopBound<GossipLoop> { NIOLoopBound(self, eventLoop: loop) }

    // MARK: Steps

    func start() {
        isStepping = true
        carryOut(core.start(now: SystemClock.now()))
        isStepping = false
        published.update(core)
        drain()
    }

    func step(_ input: SerfInput) {
        guard !isStopped else { return }
        inbox.append(input)
        if !isStepping { drain() }
    }

    private func drain() {
        isStepping = true
        defer { isStepping = false }
        while !isStopped, let input = inbox.popFirst() {
            let revision = core.membersRevision
            let directives = core.step(input, now: SystemClock.now())
            // Handlers of events read the members: they must see the changes of this step.
            if core.membersRevision != revision { publishChange() }
            carryOut(directives)
        }
    }

    /// Publishes the members at once, or soon: a large list is copied and sorted, so that a mass
    /// join must not cost a copy per member.
    private func publishChange() {
        let now = SystemClock.now()
        let isCheap = core.statistics.members <= Limits.cheapMembersMax
        if isCheap || now - changedAt >= Limits.publishChangesInterval {
            changedAt = now
            return published.update(core)
        }
        guard !isPublishing else { return }
        isPublishing = true
        let me = bound
        loop.scheduleTask(in: .nanoseconds(Limits.publishChangesInterval.nanoseconds)) {
            me.value.isPublishing = false
            me.value.changedAt = SystemClock.now()
            me.value.published.update(me.value.core)
        }
    }

    private func carryOut(_ directives: [SerfDirective]) {
        for directive in directives { carryOut(directive) }
    }

    private func carryOut(_ directive: SerfDirective) {
        switch directive {
        case .gossip(let gossip): carryOut(gossip)
        case .event(let event):
            setup.metrics.count(event)
            setup.onEvent(event)
        case .answer(let ticket, let outcome):
            answers.removeValue(forKey: ticket)?(outcome)
        case .query(let id, let progress):
            queries[id]?(progress)
            if progress == .ended { queries[id] = nil }
        case .record(let record): snapshot?.append(record)
        case .saveKeyring(let keyring, let ticket): save(keyring, ticket)
        case .wake(let at): wake(at)
        case .note(let note): log(note)
        case .stop(let error): stopItself(error)
        }
    }

    private func carryOut(_ directive: MemberlistDirective) {
        switch directive {
        case .sendPacket(let packet, let address, let checksummed):
            send(packet, to: address, checksummed: checksummed)
        case .openStream(let stream, let address, let frame, let deadline):
            open(stream, to: address, frame, deadline)
        case .replyStream(let stream, let frame): reply(frame, on: stream)
        case .closeStream(let stream): closeStream(stream)
        case .wake(let at): wake(at)
        case .note(let note): log(note)
        }
    }

    private func wake(_ at: Instant) {
        if timer != nil, timerAt == at { return }
        timer?.cancel()
        timerAt = at
        let me = bound
        let wait = max(0, (at - SystemClock.now()).nanoseconds)
        timer = loop.scheduleTask(in: .nanoseconds(wait)) { me.value.tick() }
    }

    private func tick() {
        timer = nil
        step(.tick)
        let now = SystemClock.now()
        guard !isStopped, now - publishedAt >= Limits.publishInterval else { return }
        publishedAt = now
        published.update(core)
        setup.metrics.healthScore.set(published.current.statistics.healthScore)
    }

    // MARK: Requests

    /// Steps with a request; `answer` is called once, on the loop.
    func request(_ input: (SerfTicket) -> SerfInput, _ answer: @escaping (SerfOutcome) -> Void) {
        guard !isStopped else { return answer(.refused(.hasLeft)) }
        let ticket = nextTicket
        nextTicket += 1
        answers[ticket] = answer
        step(input(ticket))
    }

    /// Starts a query. `progress` receives its results, `.ended` last, all on the loop; nothing
    /// when the query is refused.
    func query(
        _ request: QueryRequest, progress: @escaping (QueryProgress) -> Void,
        _ answer: @escaping (SerfOutcome) -> Void
    ) {
        self.request({ .query(request, $0) }) { [unowned self] outcome in
            if case .queryStarted(let id, _) = outcome { queries[id] = progress }
            answer(outcome)
        }
    }

    private func save(_ keyring: Keyring, _ ticket: SerfTicket) {
        guard let path = setup.keyringPath else {
            use(keyring)
            return step(.keyringSaved(ticket, failure: nil))
        }
        let me = bound
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            try KeyringFile.write(keyring, to: path)
        }.whenComplete { result in
            switch result {
            case .success:
                me.value.use(keyring)
                me.value.step(.keyringSaved(ticket, failure: nil))
            case .failure(let error):
                me.value.step(.keyringSaved(ticket, failure: "\(error)"))
            }
        }
    }

    private func use(_ keyring: Keyring) {
        codec.keyring = keyring
        core.setPacketOverhead(codec.packetOverhead)
    }

    // MARK: The end

    private func stopItself(_ error: SerfError?) {
        guard let error else { return }
        setup.logger.error("serf: shutting down", metadata: ["error": "\(error)"])
        _ = close()
        setup.onStop(error)
    }

    /// Closes the sockets and the snapshot file. No input is handled afterwards.
    func close() -> EventLoopFuture<Void> {
        guard !isStopped else { return loop.makeSucceededVoidFuture() }
        isStopped = true
        timer?.cancel()
        inbox.removeAll()
        let open = answers.values
        answers = [:]
        for answer in open { answer(.refused(.hasLeft)) }
        for progress in queries.values { progress(.ended) }
        queries = [:]
        for channel in incoming.values { channel.close(promise: nil) }
        let closings = [datagrams, listener].map { $0.close() }
        let saved = snapshot?.close() ?? loop.makeSucceededVoidFuture()
        return EventLoopFuture.andAllComplete(closings + [saved], on: loop)
    }
}
