package import Memberlist
package import Primitives
package import Vivaldi

/// One node of a Serf pool: input and time in, directives out. Holds memberlist's core.
///
/// A pure value; a shell (`GossipNode`) carries out the directives in order.
package struct SerfCore: Sendable {
    private struct Ending: Sendable { var error: SerfError? }

    var list: MemberlistCore
    var state: SerfState
    var timers = SerfTimers()
    var joins = Joins()
    var departure: Departure?
    /// The time of the last `wake`, until it has come.
    private var armedAt: Instant?
    private var ending: Ending?

    /// - Parameters:
    ///   - tags: `Tags.encode` accepts them.
    ///   - restored: the contents of the snapshot file, for clocks and event times.
    ///   - keyring: empty for a pool without encryption.
    package init(
        name: String, address: TransportAddress, tags: [String: String],
        options: SerfOptions, keyring: Keyring, restored: SnapshotState = SnapshotState(),
        random: SeededRandom
    ) {
        var random = random
        guard let meta = try? Tags.encode(tags) else {
            preconditionFailure("the tags of \(name) exceed memberlist's bound")
        }
        list = MemberlistCore(
            name: name, address: address, meta: meta, options: options.memberlist,
            random: SeededRandom(seed: random.next()))
        state = SerfState(
            name: name, address: address, tags: tags, options: options, keyring: keyring,
            restored: restored, random: SeededRandom(seed: random.next()))
    }

    /// Announces this node and arms the timers. Called once, before any step.
    package mutating func start(now: Instant) -> [SerfDirective] {
        timers.start(state.options, now: now)
        list.start(now: now, delegate: &state)
        return finish(now: now)
    }

    /// Handles one input. `now` never goes back.
    package mutating func step(_ input: SerfInput, now: Instant) -> [SerfDirective] {
        if let armed = armedAt, armed <= now { armedAt = nil }
        // A tick is the end of a wake, even one that came early.
        if case .tick = input { armedAt = nil }
        guard ending == nil else { return Self.refusal(of: input) }
        switch input {
        case .tick: stepMemberlist(.tick, now: now)
        case .gossip(let input): stepMemberlist(input, now: now)
        default: handle(input, now: now)
        }
        return finish(now: now)
    }

    /// Steps memberlist, which requests a new wake when its last one has come.
    private mutating func stepMemberlist(_ input: MemberlistInput, now: Instant) {
        if timers.memberlist <= now { timers.memberlist = .distantFuture }
        list.step(input, now: now, delegate: &state)
    }

    /// Sets the bytes that sealing adds to each datagram, so that gossip fits.
    package mutating func setPacketOverhead(_ bytes: Int) { list.setPacketOverhead(bytes) }

    // MARK: The state that may be read between steps

    package var localMember: SerfMember {
        state.table[state.name]?.member
            ?? SerfMember(
                name: state.name, address: list.localMember.address, tags: state.tags,
                status: .alive)
    }
    /// Every known member, in the order of their names.
    package var members: [SerfMember] { state.table.members }
    package func member(named name: String) -> SerfMember? { state.table[name]?.member }
    /// Changes whenever `members` or `localMember` does.
    package var membersRevision: UInt64 { state.table.revision }
    /// This node's coordinate.
    package var coordinate: Coordinate { state.vivaldi.coordinate }
    /// The newest coordinate that a member sent with an ack; nil when it sent none.
    package func coordinate(of name: String) -> Coordinate? {
        name == state.name ? coordinate : state.coordinates[name]
    }
    package var keyring: Keyring { state.keys.keyring }

    /// Counts and clocks for `consul info` and metrics.
    package var statistics: SerfStatistics {
        var statistics = SerfStatistics()
        statistics.members = state.table.count
        statistics.failed = state.table.failed.count
        statistics.left = state.table.left.count
        statistics.healthScore = list.healthScore
        statistics.memberTime = state.clock.time
        statistics.eventTime = state.eventClock.time
        statistics.queryTime = state.queryClock.time
        statistics.intentQueue = state.queues[.intents].count
        statistics.eventQueue = state.queues[.events].count
        statistics.queryQueue = state.queues[.queries].count
        statistics.coordinateResets = state.vivaldi.resets
        statistics.isEncrypted = !state.keys.keyring.isEmpty
        return statistics
    }

    // MARK: The end of a step

    /// Carries out everything that the step has led to, and returns the directives.
    private mutating func finish(now: Instant) -> [SerfDirective] {
        runTimers(now: now)
        advanceJoins(now: now)
        advanceDeparture(now: now)
        if state.lostName { stop(.nameConflict) }
        state.recordClock(now: now)
        carryOut()
        if let ending {
            state.directives.append(.stop(ending.error))
        } else {
            arm()
        }
        return state.takeDirectives()
    }

    /// Carries out the requests to memberlist, and wraps its directives.
    private mutating func carryOut() {
        let requests = state.requests
        state.requests = []
        for request in requests {
            switch request {
            case .send(let message, let destination):
                list.sendUserMessage(message, to: destination)
            case .forget(let name): list.forget(name)
            }
        }
        for directive in list.takeDirectives() {
            switch directive {
            case .wake(let instant): timers.memberlist = instant
            case .note(let note): state.directives.append(.note(note))
            default: state.directives.append(.gossip(directive))
            }
        }
    }

    /// Requests the earliest wake when it is another one than before.
    private mutating func arm() {
        var next = min(timers.next, state.openQueries.nextEnd, joins.nextDeadline)
        if let deadline = departure?.deadline { next = min(next, deadline) }
        for prune in state.prunes { next = min(next, prune.at) }
        guard next != armedAt, next != .distantFuture else { return }
        armedAt = next
        state.directives.append(.wake(at: next))
    }

    /// Ends this node and answers the open requests.
    ///
    /// - Parameter error: nil after a departure.
    mutating func stop(_ error: SerfError?) {
        guard ending == nil else { return }
        ending = Ending(error: error)
        state.phase = .ended
        state.lostName = false
        for ticket in joins.takeTickets() { answer(ticket, .refused(error ?? .hasLeft)) }
        for ticket in departure?.tickets ?? [] {
            answer(ticket, error.map { .refused($0) } ?? .done)
        }
        departure = nil
        for query in state.openQueries.takeAll() { state.end(query) }
    }

    mutating func answer(_ ticket: SerfTicket, _ outcome: SerfOutcome) {
        state.directives.append(.answer(ticket, outcome))
    }
}
