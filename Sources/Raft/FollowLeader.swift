import Primitives

/// The follower's side of replication (paper, 5.3) and of snapshots (section 7).
extension RaftCore {
    /// Follows the sender of a leader's request.
    ///
    /// - Returns: false when the sender is not the leader of the present term.
    private mutating func acknowledge(term newTerm: Term, leader sender: Peer) -> Bool {
        guard newTerm >= term, !(newTerm == term && role == .leader) else { return false }
        let sender = identify(sender)
        if newTerm > term || role != .follower || leader != sender {
            follow(term: newTerm, leader: sender)
        }
        lastContact = now
        loyalUntil = max(loyalUntil, now + loyalty)
        resetElectionDeadline(options.heartbeatTimeout)
        return true
    }

    mutating func receiveAppend(
        _ request: AppendEntries, _ exchange: ExchangeID, _ log: some LogReader
    ) {
        var reply = AppendReply(term: term, lastLog: tail.lastIndex, success: false)
        guard acknowledge(term: request.term, leader: request.leader) else {
            return hold(.reply(.append(reply), exchange: exchange), until: hardGate)
        }
        reply.term = term
        if request.isHeartbeat {
            reply.success = true
            return hold(.reply(.append(reply), exchange: exchange), until: hardGate)
        }
        guard !follower.isInstalling, request.isWithoutGaps else {
            return hold(.reply(.append(reply), exchange: exchange), until: hardGate)
        }
        guard agrees(with: request, log) else {
            explain(&reply, request, log)
            return hold(.reply(.append(reply), exchange: exchange), until: hardGate)
        }
        guard takeEntries(request, log) else { return }
        let known = request.previousIndex + LogIndex(request.entries.count)
        commitIndex = max(commitIndex, min(request.commitIndex, known))
        advanceCommit()
        reply.success = true
        hold(.reply(.append(reply), exchange: exchange), until: max(hardGate, logGate))
    }

    /// Returns whether the logs agree before the entries. Committed entries and a snapshot agree
    /// with every leader.
    private func agrees(with request: AppendEntries, _ log: some LogReader) -> Bool {
        if options.has(.ignoresPreviousTerm) {
            return request.previousIndex <= tail.lastIndex
        }
        return request.previousIndex < tail.snapshotIndex
            || tail.term(at: request.previousIndex, log) == request.previousTerm
            || (request.previousIndex <= min(commitIndex, tail.lastIndex)
                && tail.term(at: request.previousIndex, log) == nil)
    }

    /// Returns the index at which to look for agreement: the first entry of the conflicting term,
    /// so that the leader may skip a term in one exchange (paper, end of 5.3).
    private func explain(
        _ reply: inout AppendReply, _ request: AppendEntries, _ log: some LogReader
    ) {
        reply.noRetryBackoff = true
        guard let conflict = tail.term(at: request.previousIndex, log), conflict > 0 else {
            return
        }
        reply.conflictTerm = conflict
        reply.conflictIndex = tail.firstIndex(
            ofTerm: conflict, through: request.previousIndex, log)
    }

    /// Appends the entries that are new.
    ///
    /// - Returns: false when the entries contradict committed ones: this server stops.
    private mutating func takeEntries(
        _ request: AppendEntries, _ log: some LogReader
    ) -> Bool {
        let end = max(handedIndex, request.previousIndex + LogIndex(request.entries.count))
        if options.has(.truncatesAgreeing), end < tail.lastIndex {
            truncateTail(from: end + 1, previousTerm: tail.term(at: end, log) ?? 0)
        }
        for entry in request.entries where entry.index > tail.snapshotIndex {
            if entry.index <= tail.lastIndex {
                // Compacted entries are committed and agree.
                let present = tail.term(at: entry.index, log)
                if present == nil || present == entry.term { continue }
                guard cutOff(from: entry.index, log) else { return false }
            }
            appendToTail(entry)
            if entry.kind == .configuration { addConfiguration(entry) }
            if isStopped { return false }
        }
        return true
    }

    private mutating func cutOff(from index: LogIndex, _ log: some LogReader) -> Bool {
        guard index > commitIndex else {
            stop(.committedEntryContradicted(index))
            return false
        }
        truncateTail(from: index, previousTerm: tail.term(at: index - 1, log) ?? 0)
        return true
    }

    // MARK: Snapshots

    mutating func receiveSnapshot(_ request: InstallSnapshot, _ exchange: ExchangeID) {
        guard acknowledge(term: request.term, leader: request.leader) else {
            return answerSnapshot(exchange, success: false)
        }
        if follower.isInstalling { return answerSnapshot(exchange, success: false) }
        abandonSnapshot()
        if request.meta.index <= commitIndex { return answerSnapshot(exchange, success: true) }
        follower.receiving = .init(exchange: exchange, meta: request.meta)
        out.append(.receiveSnapshot(request.meta, exchange: exchange))
    }

    /// Abandons a snapshot that is still arriving; later reports of the shell about it are ignored.
    mutating func abandonSnapshot() {
        guard let earlier = follower.receiving, !earlier.isInstalling else { return }
        follower.receiving = nil
        out.append(.discardSnapshot(exchange: earlier.exchange))
        answerSnapshot(earlier.exchange, success: false)
    }

    private mutating func answerSnapshot(_ exchange: ExchangeID, success: Bool) {
        let reply = SnapshotReply(term: term, success: success)
        hold(.reply(.snapshot(reply), exchange: exchange), until: hardGate)
    }

    mutating func snapshotReceived(_ exchange: ExchangeID) {
        guard let receiving = follower.receiving, receiving.exchange == exchange else { return }
        guard receiving.meta.index > commitIndex else {
            follower.receiving = nil
            out.append(.discardSnapshot(exchange: exchange))
            return answerSnapshot(exchange, success: true)
        }
        follower.receiving?.isInstalling = true
        out.append(.installSnapshot(receiving.meta, exchange: exchange))
    }

    mutating func snapshotFailed(_ exchange: ExchangeID) {
        guard follower.receiving?.exchange == exchange else { return }
        follower.receiving = nil
        answerSnapshot(exchange, success: false)
    }

    /// Replaces the log up to the snapshot by it. Later entries stay if they belong to it (paper,
    /// figure 13, rule 6).
    mutating func snapshotInstalled(_ exchange: ExchangeID, _ log: some LogReader) {
        guard let meta = follower.receiving?.meta, follower.receiving?.exchange == exchange else {
            return
        }
        follower.receiving = nil
        let keepsRest = tail.term(at: meta.index, log) == meta.term
        out.append(.compact(through: keepsRest ? meta.index : max(tail.lastIndex, meta.index)))
        tail.install(meta, keepsRest: keepsRest)
        let rest = keepsRest ? configurations.filter { $0.index > meta.index } : []
        adopt(meta, configurations: rest)
        answerSnapshot(exchange, success: true)
    }
}

extension AppendEntries {
    fileprivate var isWithoutGaps: Bool {
        zip(entries, (previousIndex + 1)...).allSatisfy { $0.index == $1 }
    }
}
