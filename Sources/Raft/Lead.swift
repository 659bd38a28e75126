import Primitives

/// The leader's duties other than replication: proposals, heartbeats, the check that a quorum
/// follows.
extension RaftCore {
    mutating func propose(_ proposals: [Proposal]) {
        guard role == .leader else {
            for item in proposals {
                out.append(.answer(item.ticket, .notLeader(leader: leader)))
            }
            return
        }
        for item in proposals {
            guard let refusal = refusal else {
                append(
                    item.kind == .command ? .command : .barrier, item.data, item.extensions,
                    item.ticket)
                continue
            }
            out.append(.answer(item.ticket, .refused(refusal)))
        }
    }

    private var refusal: RaftError? {
        guard let leading else { return nil }
        if leading.transfer != nil { return .transferInProgress }
        let isFull =
            leading.waiting.count >= Limits.uncommittedEntriesMax
            || leading.waitingBytes >= Limits.uncommittedBytesMax
        return isFull ? .tooMuchUncommitted : nil
    }

    @discardableResult
    private mutating func append(
        _ kind: EntryKind, _ data: [UInt8], _ extensions: [UInt8], _ ticket: Ticket
    ) -> LogEntry {
        let entry = LogEntry(
            index: tail.lastIndex + 1, term: term, kind: kind, data: data,
            extensions: extensions)
        appendToTail(entry)
        leading?.waiting.append(.init(ticket: ticket, index: entry.index, bytes: data.count))
        leading?.waitingBytes += data.count
        return entry
    }

    /// Calls `body` with index and ticket of each entry in `range` that this server proposed, leads
    /// with and has not applied yet. Entries of other leaders, and those whose leadership was lost,
    /// have no ticket.
    package func forEachProposal(
        in range: ClosedRange<LogIndex>, _ body: (LogIndex, Ticket) -> Void
    ) {
        guard let waiting = leading?.waiting, let first = waiting.first?.index,
            first <= range.upperBound
        else { return }
        // A leader lists every entry that it appends, so they are consecutive.
        let skipped = range.lowerBound > first ? Int(range.lowerBound - first) : 0
        for item in waiting.dropFirst(skipped) {
            if item.index > range.upperBound { return }
            if let ticket = item.ticket { body(item.index, ticket) }
        }
    }

    /// Answers the proposals whose entries are applied, and the reads that waited for them.
    mutating func answerApplied() {
        guard leading != nil else { return }
        while let item = leading?.waiting.first, item.index <= appliedIndex {
            _ = leading?.waiting.popFirst()
            leading?.waitingBytes -= item.bytes
            if let ticket = item.ticket {
                out.append(.answer(ticket, .committed(index: item.index, term: term)))
            }
        }
        answerReads()
        // A leader that has removed or demoted itself leads until that is committed (thesis,
        // 4.2.2), and transfers the leadership then.
        if configurationIndex <= appliedIndex, !configuration.isVoter(id) {
            if let heir = bestHeir { sendTimeoutNow(to: heir) }
            follow(term: term, leader: nil)
        }
    }

    // MARK: Changes of the group

    mutating func change(
        _ change: ConfigurationChange, _ ticket: Ticket, _ previousIndex: LogIndex?
    ) {
        guard role == .leader else {
            return out.append(.answer(ticket, .notLeader(leader: leader)))
        }
        do throws(RaftError) {
            try checkChange(previousIndex)
            let next = try configuration.applying(change)
            addConfiguration(append(.configuration, next.encoded, [], ticket))
            // A leader without other voters, and a new majority, may have it already.
            countOwn()
        } catch {
            out.append(.answer(ticket, .refused(error)))
        }
    }

    /// Rejects a change while another is open, and before an entry of the leader's term is
    /// committed: without the latter two leaders may each count on a majority that the other does
    /// not know.
    func checkChange(_ previousIndex: LogIndex?) throws(RaftError) {
        if let refusal { throw refusal }
        if let previousIndex, previousIndex != configurationIndex {
            throw .configurationMoved(configurationIndex)
        }
        if options.has(.changesAtOnce) { return }
        guard let leading, commitIndex >= leading.startIndex else { throw .notReady }
        if configurationIndex > commitIndex { throw .changeInProgress }
    }

    /// Updates the followers and the voters to the newest configuration.
    mutating func followConfiguration() {
        guard var leading else { return }
        self.leading = nil
        let former = leading.peers
        leading.peers = configuration.servers.filter { $0.id != id }.map { server in
            var peer =
                former.first { $0.server.id == server.id }
                ?? Progress(server: server, next: max(1, tail.lastIndex), contact: now)
            if peer.server.address != server.address { peer.probe(from: peer.match + 1) }
            peer.server = server
            peer.leavesAt = nil
            return peer
        }
        for var peer in former where peer.server.id != id && configuration[peer.server.id] == nil {
            peer.leavesAt = peer.leavesAt ?? now + options.electionTimeout
            leading.peers.append(peer)
        }
        let countsAll = options.has(.countsNonvoters)
        let counted = countsAll ? configuration.servers : configuration.voters
        leading.commitment.setVoters(counted.map { $0.id })
        self.leading = leading
        leading.commitment.record(id, has: durableIndex)
        self.leading = leading
        countContacts()
    }

    // MARK: Time

    mutating func runTimers(_ log: some LogReader) {
        if now >= snapshotDue { considerSnapshot() }
        runElectionTimer()
        guard role == .leader else { return }
        if let transfer = leading?.transfer, now >= transfer.deadline {
            leading?.transfer = nil
            out.append(.answer(transfer.ticket, .timedOut))
        }
        scheduleCommitNews()
        guard let due = leading?.heartbeatDue, now >= due else { return }
        expireExchanges()
        remind()
        dropLeavers()
        countContacts()
        if !quorumFollows {
            return follow(term: term, leader: nil)
        }
        beat()
    }

    /// Sends heartbeats to all, with the newest round.
    mutating func beat() {
        let due = now + randomised(options.heartbeatTimeout / 10)
        leading?.heartbeatDue = due
        for slot in (leading?.peers ?? []).indices { sendHeartbeat(to: slot) }
    }

    /// Check-quorum (thesis, 6.2): a leader without a quorum steps down, and its clients look for
    /// another.
    private var quorumFollows: Bool {
        guard let leading, !isAloneVoter, !options.has(.readsAfterLease) else {
            return true
        }
        return now < leading.quorumContact + options.electionTimeout
    }

    private mutating func remind() {
        guard let due = leading?.reminderDue, now >= due else { return }
        leading?.reminderDue = now + options.heartbeatTimeout
        for slot in (leading?.peers ?? []).indices { leading?.peers[slot].commitSent = 0 }
    }

    private mutating func scheduleCommitNews() {
        for slot in (leading?.peers ?? []).indices {
            guard let peer = leading?.peers[slot], peer.commitDue == nil,
                peer.stage != .snapshot, peer.commitSent < commitIndex
            else { continue }
            let due = now + randomised(options.commitTimeout)
            leading?.peers[slot].commitDue = due
        }
    }

    /// Forgets the servers that left the group and have received that entry or cannot be reached.
    private mutating func dropLeavers() {
        let end = configurationIndex
        let now = now
        leading?.peers.removeAll { peer in
            guard let leavesAt = peer.leavesAt else { return false }
            return now >= leavesAt || (peer.match >= end && peer.commitSent >= end)
        }
    }

    var nextDeadline: Instant {
        // Field by field: otherwise the whole leader state would be copied.
        guard let heartbeatDue = leading?.heartbeatDue, let peers = leading?.peers else {
            return min(snapshotDue, follower.electionDeadline)
        }
        var next = min(snapshotDue, heartbeatDue)
        if let deadline = leading?.transfer?.deadline { next = min(next, deadline) }
        for peer in peers {
            if let due = peer.commitDue, due > now { next = min(next, due) }
            if peer.notBefore > now { next = min(next, peer.notBefore) }
        }
        return next
    }
}
