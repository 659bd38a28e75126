internal import Logging
internal import NIOCore
internal import Platform
internal import Primitives
internal import Raft
internal import Synchronization
internal import Telemetry

/// The state of the thread that drives a node. One thread at a time.
final class RaftDriver: @unchecked Sendable {
    let onRoleChange = Mutex<(@Sendable (RaftStatus) -> Void)?>(nil)
    let onStop = Mutex<(@Sendable (String) -> Void)?>(nil)

    let setup: RaftNode.Setup
    var core: RaftCore
    let log: any LogStore
    let snapshots: SnapshotKeeper
    let machine: any StateMachine
    let transport: any RaftTransport
    private let loop: any EventLoop
    /// The loop for long work.
    let background: any EventLoop
    let clock: @Sendable () -> Instant
    let logger: Logger
    private var waiting = AwaitedReplies()
    /// The last entry that the state machine has applied; outlives the core.
    var appliedIndex: LogIndex
    /// The last reading of the clock: at the first input of a step, and after work that may take
    /// long, a write to the disk or an applied batch.
    private var now = Instant.zero
    private var timer: Scheduled<Void>?
    // Lists that are empty between two rounds, and keep their capacity.
    private var work = RaftNode.Inbox()
    private var queue: [Input] = []
    private var directives: [Directive] = []
    private var contexts: [(any ProposalContext)?] = []
    private var spinWait: SpinWait
    /// Entries that a snapshot covers are removed from the log in small parts, between other
    /// writes.
    private var compactsThrough: LogIndex?
    private var stopped: String?
    /// The fault of the last write, until this node leads again.
    private var writeFault: String?
    /// Contents from outside, until they are restored or refused.
    private var restoring: [Ticket: RaftNode.Contents] = [:]
    /// Snapshots that are being received, until they are installed or discarded.
    var incoming: [ExchangeID: IncomingSnapshot] = [:]

    init(
        _ setup: RaftNode.Setup, stored: StoredState, log: any LogStore, snapshots: SnapshotKeeper,
        machine: any StateMachine, transport: any RaftTransport, loop: any EventLoop,
        background: any EventLoop, clock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.setup = setup
        self.log = log
        self.snapshots = snapshots
        self.machine = machine
        self.transport = transport
        self.loop = loop
        self.background = background
        self.clock = clock
        self.logger = logger
        appliedIndex = stored.snapshot?.index ?? 0
        spinWait = SpinWait(isEver: !setup.drivesOnCallers)
        core = RaftCore(
            id: setup.id, address: setup.address, stored: stored, log: log,
            random: SeededRandom(seed: setup.seed), options: setup.options)
    }

    /// Takes the input out of the inbox and carries it out, until nothing is left or another thread
    /// must drive.
    func drive(_ node: RaftNode) {
        if spinWait.isEver { spinWait.began(at: clock()) }
        for _ in 0..<Limits.roundsPerTurn {
            let mayWait = spinWait.isLikely
            let hasWork = node.inbox.withLock { inbox in
                if inbox.inputs.isEmpty && inbox.proposals.isEmpty && compactsThrough == nil {
                    inbox.isDriving = mayWait
                    return false
                }
                swap(&work.inputs, &inbox.inputs)
                swap(&work.replies, &inbox.replies)
                swap(&work.contents, &inbox.contents)
                // All of them: the chunks of one command must stay together.
                swap(&work.proposals, &inbox.proposals)
                return true
            }
            guard hasWork else {
                guard mayWait else {
                    if spinWait.isEver { spinWait.ended(at: clock()) }
                    return
                }
                spinWait.wait(clock) {
                    node.inbox.withLock { !$0.inputs.isEmpty || !$0.proposals.isEmpty }
                }
                continue
            }
            for awaited in work.replies { waiting.append(awaited) }
            for (ticket, contents) in work.contents { restoring[ticket] = contents }
            for input in work.inputs { step(input, node) }
            if !work.proposals.isEmpty { step(.propose(work.proposals), node) }
            work.empty()
            compactSome(node)
            publish(node)
        }
        // The driving thread has connections or timers of its own to serve.
        loop.execute { self.drive(node) }
    }

    private func step(_ first: Input, _ node: RaftNode) {
        if let stopped {
            refuseAll(.stopped(stopped))
            return
        }
        queue.append(first)
        var slot = 0
        now = clock()
        while slot < queue.count, stopped == nil {
            core.step(queue[slot], now: now, log: log, into: &directives)
            slot += 1
            for number in directives.indices {
                do {
                    try carryOut(directives[number], node)
                } catch {
                    fail(error, node)
                    break
                }
            }
            directives.makeEmpty()
        }
        queue.removeAll(keepingCapacity: true)
    }

    private func carryOut(_ directive: Directive, _ node: RaftNode) throws {
        switch directive {
        case .send(let request, let peer, let exchange):
            transport.send(request, to: peer, exchange: exchange)
        case .reply(let reply, let exchange): transport.reply(reply, exchange: exchange)
        case .sendSnapshot(let request, let peer, let exchange):
            sendSnapshot(request, peer, exchange, node)
        case .persist(let persist):
            let start = now
            try log.write(
                hardState: persist.hardState, truncateFrom: persist.truncateFrom,
                entries: persist.entries)
            now = clock()
            if !persist.entries.isEmpty {
                setup.metrics.dispatchLog.record(now - start)
                setup.metrics.dispatched.set(persist.entries.count)
            }
            queue.append(.persisted(sequence: persist.sequence))
        case .commit(let from, let through):
            setup.metrics.committed.set(Int(clamping: through &- from &+ 1))
            try apply(from, through)
            now = clock()
            queue.append(.applied(through: through))
        case .takeSnapshot: takeSnapshot(node)
        case .compact(let index): try compact(through: index)
        case .receiveSnapshot(let meta, let exchange): receiveSnapshot(meta, exchange, node)
        case .installSnapshot(_, let exchange):
            try installSnapshot(exchange)
            queue.append(.snapshotInstalled(exchange: exchange))
        case .restore(let meta, let ticket): try restore(meta, ticket)
        case .discardSnapshot(let exchange): incoming.removeValue(forKey: exchange)?.discard()
        case .answer(let ticket, let outcome): answer(ticket, outcome)
        case .readReady(let ticket, let index):
            waiting.remove(ticket)?(.success(index))
        case .roleChanged, .configurationChanged: announce(node)
        case .wake(let instant): wake(at: instant, node)
        case .stop(let error): fail(error, node)
        }
    }

    func enqueue(_ input: Input) { queue.append(input) }

    // MARK: Compacting

    private func compact(through index: LogIndex) throws {
        if index >= log.lastIndex {
            compactsThrough = nil
            try log.reset(after: index)
        } else {
            compactsThrough = max(index, compactsThrough ?? 0)
        }
    }

    private func compactSome(_ node: RaftNode) {
        guard stopped == nil, let target = compactsThrough else {
            compactsThrough = nil
            return
        }
        let end = min(target, log.firstIndex + Limits.entriesCompactedAtOnce - 1)
        if end == target { compactsThrough = nil }
        do { try log.compact(through: end) } catch {
            compactsThrough = nil  // the next snapshot tries again
            if case .diskFull = error as? RaftNodeError {
                logger.warning("raft: the log was not compacted", metadata: ["error": "\(error)"])
            } else {
                fail(error, node)
            }
        }
    }

    // MARK: Applying

    private func apply(_ from: LogIndex, _ through: LogIndex) throws {
        var next = max(from, appliedIndex + 1)
        while next <= through {
            let end = min(through, next + Limits.entriesAppliedMax - 1)
            let entries = try log.entries(next...end, bytesMax: Limits.bytesAppliedMax)
            guard let last = entries.last else { throw RaftError.unreadable(next) }
            takeContexts(of: entries)
            defer { contexts.makeEmpty() }
            let commands = commands(among: entries)
            if !commands.isEmpty {
                try machine.apply(CommittedBatch(commands, contexts: contexts))
            }
            appliedIndex = last.index
            next = last.index + 1
        }
    }

    /// Fills `contexts` with those of the entries, slot by slot; leaves it empty where no entry has
    /// one, as at a follower.
    private func takeContexts(of entries: [LogEntry]) {
        guard let first = entries.first?.index, let last = entries.last?.index else { return }
        var hint = 0
        core.forEachProposal(in: first...last) { index, ticket in
            guard let context = waiting.context(of: ticket, &hint) else { return }
            if contexts.isEmpty {
                contexts.append(contentsOf: repeatElement(nil, count: entries.count))
            }
            contexts[Int(index - first)] = context
        }
    }

    /// Returns the entries for the state machine, and removes the slots of the others from
    /// `contexts`.
    private func commands(among entries: [LogEntry]) -> [LogEntry] {
        guard entries.contains(where: { $0.kind != .command }) else { return entries }
        if !contexts.isEmpty {
            contexts = zip(entries, contexts).filter { $0.0.kind == .command }.map { $0.1 }
        }
        return entries.filter { $0.kind == .command }
    }

    private func answer(_ ticket: Ticket, _ outcome: Outcome) {
        if !restoring.isEmpty { restoring[ticket] = nil }
        guard let reply = waiting.remove(ticket) else { return }
        switch outcome {
        case .committed(let index, _): reply(.success(index))
        case .done: reply(.success(core.lastIndex))
        case .notLeader(let leader): reply(.failure(.notLeader(leader)))
        case .lost: reply(.failure(.leadershipLost))
        case .timedOut: reply(.failure(.timedOut))
        case .refused(let error): reply(.failure(.refused(error)))
        }
    }

    private func restore(_ meta: SnapshotMeta, _ ticket: Ticket) throws {
        guard let contents = restoring.removeValue(forKey: ticket) else {
            return enqueue(.notRestored(ticket))
        }
        enqueue(
            try restore(contents, as: meta).map { .restored($0, ticket) } ?? .notRestored(ticket))
    }

    // MARK: Time and status

    private func wake(at instant: Instant, _ node: RaftNode) {
        timer?.cancel()
        let wait = max(0, (instant - clock()).nanoseconds)
        timer = loop.scheduleTask(in: .nanoseconds(wait)) { [weak node] in node?.receive(.tick) }
    }

    private func publish(_ node: RaftNode) {
        node.published.withLock { status in
            status.role = core.role
            if core.role == .leader { writeFault = nil }
            status.writeFault = writeFault
            status.term = core.term
            status.leader = core.leader
            if status.configurationIndex != core.configurationIndex {
                status.configuration = core.configuration
                status.configurationIndex = core.configurationIndex
            }
            status.commitIndex = core.commitIndex
            status.appliedIndex = core.appliedIndex
            status.lastIndex = core.lastIndex
            status.lastTerm = core.lastTerm
            status.snapshotIndex = core.snapshot?.index ?? 0
            status.snapshotTerm = core.snapshot?.term ?? 0
            status.lastContact = core.lastContact
            status.stopped = stopped
        }
    }

    private func announce(_ node: RaftNode) {
        publish(node)
        onRoleChange.withLock { $0 }?(node.status)
    }

    // MARK: Failing

    /// Handles a failed write. A full disk leaves the store unchanged: the node begins anew from it
    /// after a second. After any other fault the contents of the disk are unknown, and only an
    /// operator can repair it.
    private func fail(_ error: any Error, _ node: RaftNode) {
        if case .diskFull = error as? RaftNodeError, let stored = try? stored() {
            logger.error("raft: cannot write, will try again", metadata: ["error": "\(error)"])
            writeFault = "\(error)"
            refuseAll(.stopped("\(error)"))
            queue.removeAll()
            // The new core has no record of the old one's requests.
            compactsThrough = nil
            discardIncoming()
            core = RaftCore(
                id: setup.id, address: setup.address, stored: stored, log: log,
                random: SeededRandom(seed: setup.seed &+ UInt64(bitPattern: clock().nanoseconds)),
                options: setup.options, nextExchange: core.nextExchange)
            announce(node)
            wake(at: clock() + Limits.fullDiskRetry, node)
            return
        }
        guard stopped == nil else { return }
        stopped = "\(error)"
        logger.critical("raft: stopped", metadata: ["error": "\(error)"])
        refuseAll(.stopped("\(error)"))
        timer?.cancel()
        discardIncoming()
        announce(node)
        onStop.withLock { $0 }?("\(error)")
    }

    private func stored() throws -> StoredState {
        try StoredState(log: log, snapshot: core.snapshot)
    }

    private func refuseAll(_ refusal: RaftRefusal) {
        restoring = [:]
        for reply in waiting.removeAll() { reply(.failure(refusal)) }
    }

    /// Ends the driving.
    func end(_ node: RaftNode) {
        timer?.cancel()
        discardIncoming()
        let left = node.inbox.withLock { inbox in
            defer { inbox.replies = [] }
            return inbox.replies
        }
        for awaited in left { awaited.reply(.failure(.shuttingDown)) }
        refuseAll(.shuttingDown)
    }
}
