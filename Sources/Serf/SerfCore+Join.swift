internal import Memberlist
internal import Primitives

/// The joins that are open.
struct Joins: Sendable {
    struct Attempt: Sendable {
        var stream: OutgoingStream
        var address: TransportAddress
        var deadline: Instant
    }

    struct Join: Sendable {
        var ticket: SerfTicket
        var ignoresOld: Bool
        var remaining: FIFOQueue<TransportAddress>
        var attempts: [Attempt] = []
        var joined = 0
        /// The number of successes when this node was last announced.
        var announced = 0
        var failures: [String] = []

        var isFinished: Bool { remaining.isEmpty && attempts.isEmpty }

        mutating func fail(_ address: TransportAddress, _ reason: String) {
            failures.append("Failed to join \(address.ip): \(reason)")
        }
    }

    var open: [Join] = []

    var ignoresOld: Bool { open.contains { $0.ignoresOld } }

    var nextDeadline: Instant {
        open.reduce(.distantFuture) { next, join in
            join.attempts.reduce(next) { min($0, $1.deadline) }
        }
    }

    /// Removes all joins and returns their tickets.
    mutating func takeTickets() -> [SerfTicket] {
        defer { open = [] }
        return open.map(\.ticket)
    }
}

extension SerfCore {
    /// Opens a join. Its exchanges begin at the end of the step.
    mutating func join(
        _ addresses: [TransportAddress], ignoresOld: Bool, _ ticket: SerfTicket
    ) {
        guard state.phase == .alive else { return answer(ticket, .refused(.hasLeft)) }
        guard joins.open.count < Limits.joinsMax else {
            return answer(ticket, .refused(.tooManyJoins))
        }
        var remaining = FIFOQueue<TransportAddress>()
        remaining.append(contentsOf: addresses)
        joins.open.append(
            Joins.Join(ticket: ticket, ignoresOld: ignoresOld, remaining: remaining))
    }

    /// Handles the ends of exchanges, begins further ones, and answers finished joins.
    mutating func advanceJoins(now: Instant) {
        guard !joins.open.isEmpty else {
            state.exchangeEnds = []
            return
        }
        state.ignoresOldEvents = joins.ignoresOld
        repeat {
            let ends = state.exchangeEnds
            state.exchangeEnds = []
            for end in ends { handle(end, now: now) }
            for index in joins.open.indices {
                expireAttempts(of: index, now: now)
                beginAttempts(of: index, now: now)
            }
        } while !state.exchangeEnds.isEmpty
        finishJoins(now: now)
        state.ignoresOldEvents = joins.ignoresOld
    }

    /// Counts an end. The first success of a join announces this node at once: others may take
    /// long to fail.
    private mutating func handle(_ end: SerfState.ExchangeEnd, now: Instant) {
        for index in joins.open.indices {
            guard
                let attempt = joins.open[index].attempts.firstIndex(where: {
                    $0.stream == end.stream
                })
            else { continue }
            let address = joins.open[index].attempts.remove(at: attempt).address
            if let failure = end.failure {
                joins.open[index].fail(address, failure)
            } else {
                joins.open[index].joined += 1
                if joins.open[index].joined == 1 { announce(index, now: now) }
            }
            return
        }
    }

    private mutating func announce(_ index: Int, now: Instant) {
        joins.open[index].announced = joins.open[index].joined
        state.broadcastJoin(now: now)
    }

    private mutating func expireAttempts(of index: Int, now: Instant) {
        let late = joins.open[index].attempts.filter { $0.deadline <= now }
        guard !late.isEmpty else { return }
        joins.open[index].attempts.removeAll { $0.deadline <= now }
        for attempt in late { joins.open[index].fail(attempt.address, "i/o timeout") }
    }

    private mutating func beginAttempts(of index: Int, now: Instant) {
        while joins.open[index].attempts.count < Limits.joinStreamsMax,
            let address = joins.open[index].remaining.popFirst()
        {
            let stream = list.pushPull(
                with: address, isJoin: true, now: now, delegate: &state)
            let deadline = now + state.options.memberlist.streamTimeout + Limits.joinGrace
            joins.open[index].attempts.append(
                Joins.Attempt(stream: stream, address: address, deadline: deadline))
        }
    }

    /// Answers finished joins. The clock may have moved with the exchanges after the first, so this
    /// node is announced again.
    private mutating func finishJoins(now: Instant) {
        for index in joins.open.indices where joins.open[index].isFinished {
            let join = joins.open[index]
            if join.joined > join.announced { announce(index, now: now) }
            answer(join.ticket, .joined(join.joined, failures: join.failures))
        }
        joins.open.removeAll { $0.isFinished }
    }
}
