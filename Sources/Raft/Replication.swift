import Primitives

/// The leader's side of replication (paper, 5.3; pipelining, thesis, 10.2.1).
extension RaftCore {
    /// Sends each follower all that may be sent now. Called once, at the end of each step.
    mutating func replicate(_ log: some LogReader) {
        guard let peers = leading?.peers.indices else { return }
        for slot in peers where !isStopped { sendAppends(to: slot, log) }
    }

    private mutating func sendAppends(to slot: Int, _ log: some LogReader) {
        while let peer = leading?.peers[slot], !isStopped {
            guard now >= peer.notBefore, peer.stage != .snapshot else { return }
            let limit = peer.stage == .probe ? 1 : Limits.inflightMax
            guard peer.appendsInflight < limit else { return }
            let sendsCommit = peer.commitDue.map { now >= $0 } ?? false
            guard peer.next <= tail.lastIndex || sendsCommit || peer.mustBeProbed else { return }
            guard let previousTerm = tail.term(at: peer.next - 1, log),
                peer.next >= tail.firstIndex || peer.next > tail.lastIndex
            else { return sendSnapshot(to: slot) }
            guard let entries = entries(from: peer.next, log) else { return }
            sendAppend(to: slot, peer.next - 1, previousTerm, entries)
        }
    }

    private mutating func sendAppend(
        to slot: Int, _ previous: LogIndex, _ previousTerm: Term, _ entries: [LogEntry]
    ) {
        let last = previous + LogIndex(entries.count)
        let request = AppendEntries(
            term: term, leader: me, previousIndex: previous, previousTerm: previousTerm,
            entries: entries, commitIndex: commitIndex)
        send(.append(request), to: slot, .entries(previous: previous, last: last))
        leading?.peers[slot].commitSent = min(commitIndex, last)
        leading?.peers[slot].commitDue = nil
        if leading?.peers[slot].stage == .pipeline { leading?.peers[slot].next = last + 1 }
    }

    private mutating func entries(
        from index: LogIndex, _ log: some LogReader
    ) -> [LogEntry]? {
        if index > tail.lastIndex { return [] }
        if let batch, batch.from == index { return batch.entries }
        do {
            let entries = try tail.entries(
                from: index, countMax: options.appendEntriesMax,
                bytesMax: options.appendBytesMax, log)
            guard entries.first?.index == index else {
                stop(.unreadable(index))
                return nil
            }
            batch = (index, entries)
            return entries
        } catch {
            stop(.unreadable(index))
            return nil
        }
    }

    /// Sends a snapshot: the log no longer has the entries that the follower needs.
    private mutating func sendSnapshot(to slot: Int) {
        guard let snapshot, let peer = leading?.peers[slot] else { return }
        leading?.peers[slot].probe(from: snapshot.index + 1)
        leading?.peers[slot].stage = .snapshot
        let exchange = note(.snapshot(snapshot.index), at: slot)
        out.append(
            .sendSnapshot(
                InstallSnapshot(term: term, leader: me, meta: snapshot), to: Peer(peer.server),
                exchange: exchange))
    }

    mutating func sendHeartbeat(to slot: Int) {
        // Unanswered ones are forgotten, so that a server that is down costs nothing.
        let beats = leading?.peers[slot].inflight.count { $0.kind == .heartbeat } ?? 0
        if beats >= Limits.heartbeatsInflightMax,
            let oldest = leading?.peers[slot].inflight.firstIndex(where: {
                $0.kind == .heartbeat
            })
        {
            leading?.peers[slot].inflight.remove(at: oldest)
        }
        send(.append(AppendEntries(term: term, leader: me)), to: slot, .heartbeat)
    }

    mutating func send(_ request: Request, to slot: Int, _ kind: Progress.Inflight.Kind) {
        guard let server = leading?.peers[slot].server else { return }
        out.append(.send(request, to: Peer(server), exchange: note(kind, at: slot)))
    }

    private mutating func note(_ kind: Progress.Inflight.Kind, at slot: Int) -> ExchangeID {
        let exchange = takeExchange()
        let round = leading?.round ?? 0
        let item = Progress.Inflight(exchange: exchange, kind: kind, sentAt: now, round: round)
        leading?.peers[slot].inflight.append(item)
        return exchange
    }

    // MARK: Replies

    mutating func receiveAppendReply(
        _ reply: AppendReply, of exchange: ExchangeID, _ log: some LogReader
    ) {
        if reply.term > term { return follow(term: reply.term, leader: nil) }
        guard let (slot, item) = leading?.take(exchange) else { return }
        guard reply.term == term else { return }
        followed(slot, item)
        guard case .entries(let previous, let last) = item.kind else { return }
        if reply.success {
            advance(slot, to: last)
        } else {
            stepBack(slot, reply, previous, log)
        }
    }

    /// Records that the server followed this leader when the request was sent: it answered in our
    /// term.
    private mutating func followed(_ slot: Int, _ item: Progress.Inflight) {
        guard var peer = leading?.peers[slot] else { return }
        peer.contact = max(peer.contact, item.sentAt)
        peer.round = max(peer.round, item.round)
        peer.heard = now
        if peer.failures > 0, item.kind != .heartbeat {
            peer.failures = 0
            peer.notBefore = now
        }
        leading?.peers[slot] = peer
        countContacts()
    }

    private mutating func advance(_ slot: Int, to index: LogIndex) {
        guard var peer = leading?.peers[slot] else { return }
        let last = options.has(.countsNewestEntry) ? tail.lastIndex : index
        peer.match = max(peer.match, last)
        peer.next = max(peer.next, peer.match + 1)
        peer.stage = .pipeline
        leading?.peers[slot] = peer
        leading?.commitment.record(peer.server.id, has: peer.match)
        advanceCommit()
        continueTransfer()
    }

    /// Moves `next` back by HashiCorp's rule, and further where the follower names the term of its
    /// entry: past all entries of that term that this log does not have (paper, end of 5.3).
    private mutating func stepBack(
        _ slot: Int, _ reply: AppendReply, _ previous: LogIndex, _ log: some LogReader
    ) {
        var next = max(min(previous, reply.lastLog + 1), 1)
        if reply.conflictTerm > 0, reply.conflictIndex > 0, reply.conflictIndex < next {
            let start = tail.firstIndex(
                ofTerm: reply.conflictTerm + 1, through: min(next, tail.lastIndex), log)
            let agreed = max(start, 1) - 1
            let isOurs = tail.term(at: agreed, log) == reply.conflictTerm
            next = min(next, isOurs ? agreed + 1 : reply.conflictIndex)
        }
        leading?.peers[slot].probe(from: max(next, 1))
        if !reply.noRetryBackoff { leading?.peers[slot].backOff(now: now) }
    }

    mutating func receiveSnapshotReply(_ reply: SnapshotReply, of exchange: ExchangeID) {
        if reply.term > term { return follow(term: reply.term, leader: nil) }
        guard let (slot, item) = leading?.take(exchange),
            case .snapshot(let index) = item.kind, reply.term == term
        else { return }
        followed(slot, item)
        leading?.peers[slot].probe(from: index + 1)
        if reply.success {
            advance(slot, to: index)
        } else {
            leading?.peers[slot].backOff(now: now)
        }
    }

    mutating func exchangeFailed(_ exchange: ExchangeID) {
        guard let (slot, item) = leading?.take(exchange) else { return }
        failed(slot, item.kind)
    }

    private mutating func failed(_ slot: Int, _ kind: Progress.Inflight.Kind) {
        switch kind {
        case .heartbeat, .timeoutNow: break
        case .entries(let previous, _):
            leading?.peers[slot].probe(from: previous + 1)
            leading?.peers[slot].backOff(now: now)
        case .snapshot(let index):
            leading?.peers[slot].probe(from: index + 1)
            leading?.peers[slot].backOff(now: now)
        }
    }

    /// Times out exchanges that have waited too long and that the shell did not report. A snapshot
    /// may take any time: the shell sees whether it still progresses.
    mutating func expireExchanges() {
        guard let count = leading?.peers.count else { return }
        for slot in 0..<count {
            guard
                let item = leading?.peers[slot].inflight.first(where: {
                    if case .snapshot = $0.kind { return false }
                    return now >= $0.sentAt + options.exchangeTimeout
                })
            else { continue }
            _ = leading?.peers[slot].take(item.exchange)
            failed(slot, item.kind)
        }
    }
}
