package import Primitives

/// Reads without a write to the log (thesis, 6.4): the leader proves that it leads, by a round of
/// messages or by its lease, and waits until its state is as new as the read.
extension RaftCore {
    mutating func read(_ ticket: Ticket, _ mode: ReadMode) {
        guard role == .leader else {
            return out.append(.answer(ticket, .notLeader(leader: leader)))
        }
        guard openReads < Limits.readsMax else {
            return out.append(.answer(ticket, .refused(.tooMuchUncommitted)))
        }
        // The commit index is uncertain before the term's first entry is committed.
        let start = options.has(.readsBeforeOwnTerm) ? 0 : leading?.startIndex
        let index = max(commitIndex, start ?? 0)
        if isAloneVoter || (mode == .lease && hasLease)
            || (mode == .quorum && options.has(.readsWithoutQuorum))
        {
            return confirm(.init(ticket: ticket, index: index, round: 0))
        }
        // A round on its way may have been answered before the read began: the read needs the next.
        let isUnderway = isRoundUnderway
        let round = (leading?.round ?? 0) + 1
        leading?.unconfirmedReads.append(.init(ticket: ticket, index: index, round: round))
        if !isUnderway { startRound() }
    }

    private var openReads: Int {
        guard let leading else { return 0 }
        return leading.unconfirmedReads.count + leading.confirmedReads.count
    }

    private var isRoundUnderway: Bool {
        leading.map { $0.round > $0.confirmedRound } ?? false
    }

    /// The end of the time in which reads of mode `lease` may be served from the applied state,
    /// without a step of the core; nil for not at all. Holds until the next step.
    package var leaseEnd: Instant? {
        guard let leading, appliedIndex >= leading.startIndex else { return nil }
        if isAloneVoter { return .distantFuture }
        return leading.leaseIsForfeited ? nil : leading.quorumContact + options.leaseTimeout
    }

    /// True when this server is the only voter.
    var isAloneVoter: Bool {
        leading?.peers.allSatisfy { $0.server.suffrage != .voter || $0.leavesAt != nil } ?? false
            && configuration.isVoter(id)
    }

    private var hasLease: Bool {
        if options.has(.readsAfterLease) { return true }
        guard let leading, !leading.leaseIsForfeited else { return false }
        return now < leading.quorumContact + options.leaseTimeout
    }

    private mutating func startRound() {
        leading?.round += 1
        beat()
    }

    private mutating func confirm(_ read: Leader.Read) {
        if appliedIndex >= read.index {
            out.append(.readReady(read.ticket, index: read.index))
        } else {
            leading?.confirmedReads.append(read)
        }
    }

    mutating func answerReads() {
        guard let reads = leading?.confirmedReads, !reads.isEmpty else { return }
        for read in reads where read.index <= appliedIndex {
            out.append(.readReady(read.ticket, index: read.index))
        }
        leading?.confirmedReads.removeAll { $0.index <= appliedIndex }
    }

    /// Evaluates a quorum's newest replies: the lease, and the rounds for which reads wait. The
    /// leader is one of the quorum if it is a voter.
    mutating func countContacts() {
        guard let (contact, confirmed) = quorumReached() else { return }
        if let contact { leading?.quorumContact = contact }
        guard let confirmed, confirmed > leading?.confirmedRound ?? 0 else { return }
        leading?.confirmedRound = confirmed
        while let read = leading?.unconfirmedReads.first, read.round <= confirmed {
            _ = leading?.unconfirmedReads.popFirst()
            confirm(read)
        }
        if leading?.unconfirmedReads.isEmpty == false { startRound() }
    }

    private func quorumReached() -> (contact: Instant?, round: UInt64?)? {
        guard let leading else { return nil }
        let voters = leading.peers.filter { $0.server.suffrage == .voter && $0.leavesAt == nil }
        let counts = configuration.isVoter(id)
        let contact = Majority.reached(by: voters.map { $0.contact } + (counts ? [now] : []))
        let own = counts ? [leading.round] : []
        return (contact, Majority.reached(by: voters.map { $0.round } + own))
    }
}
