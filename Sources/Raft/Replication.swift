import Primitives

/// The leader's side of replication (paper, 5.3; pipelining, thesis, 10.2.1).
extension RaftCore {
    /// Sends whatever each follower may be sent now. Called once, at the end of each step.
    mutating func replicate(_ log: some LogReading) {
        guard let peers = leading?.peers.indices else { return }
        for place in peers where !isStopped { sendAppends(to: place, log) }
    }

    private mutating func sendAppends(to place: Int, _ log: some LogReading) {
        while let peer = leading?.peers[place], !isStopped {
            guard now >= peer.notBefore, peer.stage != .snapshot else { return }
            let limit = peer.stage == .probe ? 1 : Limits.inflightMax
            guard peer.appendsInflight < limit else { return }
            let tellsCommit = peer.commitDue.map { now >= $0 } ?? false
            guard peer.next <= tail.lastIndex || tellsCommit || peer.mustBeProbed else { return }
            guard let previousTerm = tail.term(at: peer.next - 1, log),
                peer.next >= tail.firstIndex || peer.next > tail.lastIndex
            else { return sendSnapshot(to: place) }
            guard let entries = entries(from: peer.next, log) else { return }
            sendAppend(to: place, peer.next - 1, previousTerm, entries)
        }
    }

    private mutating func sendAppend(
        to place: Int, _ previous: LogIndex, _ previousTerm: Term, _ entries: [LogEntry]
    ) {
        let last = previous + LogIndex(entries.count)
        let request = AppendEntries(
            term: term, leader: me, previousIndex: previous, previousTerm: previousTerm,
            entries: entries, commitIndex: commitIndex)
        send(.append(request), to: place, .entries(previous: previous, last: last))
        leading?.peers[place].commitTold = min(commitIndex, last)
        leading?.peers[place].commitDue = nil
        if leading?.peers[place].stage == .pipeline { leading?.peers[place].next = last + 1 }
    }

    private mutating func entries(
        from index: LogIndex, _ log: some LogReading
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

    /// The follower needs what the log no longer has.
    private mutating func sendSnapshot(to place: Int) {
        guard let snapshot, let peer = leading?.peers[place] else { return }
        leading?.peers[place].probe(from: snapshot.index + 1)
        leading?.peers[place].stage = .snapshot
        let exchange = note(.snapshot(snapshot.index), at: place)
        out.append(
            .sendSnapshot(
                InstallSnapshot(term: term, leader: me, meta: snapshot), to: Peer(peer.server),
                exchange: exchange))
    }

    mutating func sendHeartbeat(to place: Int) {
        // Unanswered ones are forgotten, so that a server that is down costs nothing.
        let beats = leading?.peers[place].inflight.count { $0.kind == .heartbeat } ?? 0
        if beats >= Limits.heartbeatsInflightMax,
            let oldest = leading?.peers[place].inflight.firstIndex(where: {
                $0.kind == .heartbeat
            })
        {
            leading?.peers[place].inflight.remove(at: oldest)
        }
        send(.append(AppendEntries(term: term, leader: me)), to: place, .heartbeat)
    }

    mutating func send(_ request: Request, to place: Int, _ kind: Progress.Inflight.Kind) {
        guard let server = leading?.peers[place].server else { return }
        out.append(.send(request, to: Peer(server), exchange: note(kind, at: place)))
    }

    private mutating func note(_ kind: Progress.Inflight.Kind, at place: Int) -> Exchange {
        let exchange = takeExchange()
        let round = leading?.round ?? 0
        let item = Progress.Inflight(exchange: exchange, kind: kind, sentAt: now, round: round)
        leading?.peers[place].inflight.append(item)
        return exchange
    }

    // MARK: Replies

    mutating func receive(
        _ reply: AppendReply, of exchange: Exchange, _ log: some LogReading
    ) {
        if reply.term > term { return follow(term: reply.term, leader: nil) }
        guard let (place, item) = leading?.take(exchange) else { return }
        guard reply.term == term else { return }
        followed(place, item)
        guard case .entries(let previous, let last) = item.kind else { return }
        if reply.success {
            advance(place, to: last)
        } else {
            stepBack(place, reply, previous, log)
        }
    }

    /// The server answered in our term: when it was asked, it followed.
    private mutating func followed(_ place: Int, _ item: Progress.Inflight) {
        guard var peer = leading?.peers[place] else { return }
        peer.contact = max(peer.contact, item.sentAt)
        peer.round = max(peer.round, item.round)
        peer.heard = now
        if peer.failures > 0, item.kind != .heartbeat {
            peer.failures = 0
            peer.notBefore = now
        }
        leading?.peers[place] = peer
        countContacts()
    }

    private mutating func advance(_ place: Int, to index: LogIndex) {
        guard var peer = leading?.peers[place] else { return }
        let last = options.plantedBugs.contains(.countsNewestEntry) ? tail.lastIndex : index
        peer.match = max(peer.match, last)
        peer.next = max(peer.next, peer.match + 1)
        peer.stage = .pipeline
        leading?.peers[place] = peer
        leading?.commitment.record(peer.server.id, has: peer.match)
        advanceCommit()
        continueTransfer()
    }

    /// By HashiCorp's rule, and further where the follower says of which term its entry is: past
    /// all of that term that this log does not have (paper, end of 5.3).
    private mutating func stepBack(
        _ place: Int, _ reply: AppendReply, _ previous: LogIndex, _ log: some LogReading
    ) {
        var next = max(min(previous, reply.lastLog + 1), 1)
        if reply.conflictTerm > 0, reply.conflictIndex > 0, reply.conflictIndex < next {
            let start = tail.firstIndex(
                ofTerm: reply.conflictTerm + 1, through: min(next, tail.lastIndex), log)
            let agreed = max(start, 1) - 1
            let isOurs = tail.term(at: agreed, log) == reply.conflictTerm
            next = min(next, isOurs ? agreed + 1 : reply.conflictIndex)
        }
        leading?.peers[place].probe(from: max(next, 1))
        if !reply.noRetryBackoff { leading?.peers[place].backOff(now: now) }
    }

    mutating func receive(_ reply: SnapshotReply, of exchange: Exchange) {
        if reply.term > term { return follow(term: reply.term, leader: nil) }
        guard let (place, item) = leading?.take(exchange),
            case .snapshot(let index) = item.kind, reply.term == term
        else { return }
        followed(place, item)
        leading?.peers[place].probe(from: index + 1)
        if reply.success {
            advance(place, to: index)
        } else {
            leading?.peers[place].backOff(now: now)
        }
    }

    mutating func exchangeFailed(_ exchange: Exchange) {
        guard let (place, item) = leading?.take(exchange) else { return }
        failed(place, item.kind)
    }

    private mutating func failed(_ place: Int, _ kind: Progress.Inflight.Kind) {
        switch kind {
        case .heartbeat, .timeoutNow: break
        case .entries(let previous, _):
            leading?.peers[place].probe(from: previous + 1)
            leading?.peers[place].backOff(now: now)
        case .snapshot(let index):
            leading?.peers[place].probe(from: index + 1)
            leading?.peers[place].backOff(now: now)
        }
    }

    /// Gives up exchanges that have waited too long, should the shell not have said so. A snapshot
    /// may take any time: the shell sees whether it still moves.
    mutating func expireExchanges() {
        guard let count = leading?.peers.count else { return }
        for place in 0..<count {
            guard
                let item = leading?.peers[place].inflight.first(where: {
                    if case .snapshot = $0.kind { return false }
                    return now >= $0.sentAt + options.exchangeTimeout
                })
            else { continue }
            _ = leading?.peers[place].take(item.exchange)
            failed(place, item.kind)
        }
    }
}
