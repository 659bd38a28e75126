import Primitives

/// Elections (paper, 5.2 and 5.4.1) with pre-votes (thesis, 9.6), and the rule that a server that
/// has recently heard from a leader votes for no other (thesis, 4.2.3): a partitioned or removed
/// server disturbs no leader.
extension RaftCore {
    mutating func resetElectionDeadline(_ wait: GoDuration) {
        follower.electionDeadline = now + randomised(wait)
    }

    /// True when the group is this server alone: it needs no other vote and no waiting.
    private var isAlone: Bool {
        configuration.isVoter(id) && configuration.voters.count == 1
            && committedConfiguration.voters.allSatisfy { $0.id == id }
    }

    /// A server that is no longer a voter of the newest configuration campaigns until that one is
    /// committed: its vote may be needed for the commit (thesis, 4.2.2).
    private var mayCampaign: Bool {
        !follower.isInstalling
            && (configuration.isVoter(id) || committedConfiguration.isVoter(id))
    }

    mutating func runElectionTimer() {
        guard role != .leader else { return }
        if isAlone, role == .follower, mayCampaign { return campaign() }
        guard now >= follower.electionDeadline else { return }
        leader = nil
        resetElectionDeadline(options.electionTimeout)
        guard mayCampaign else { return }
        if isAlone { campaign() } else { campaignForPreVotes() }
    }

    // MARK: Asking

    private mutating func campaignForPreVotes() {
        role = .candidate
        candidate = Candidate(isPreVote: true, gate: 0)
        askForVotes(term: term + 1, isTransfer: false)
        countOwnVote()
    }

    /// Begins a campaign.
    ///
    /// - Parameter isTransfer: true when the leader requested it.
    mutating func campaign(isTransfer: Bool = false) {
        role = .candidate
        leader = nil
        setHardState(term: term + 1, vote: id)
        resetElectionDeadline(options.electionTimeout)
        candidate = Candidate(isPreVote: false, gate: hardGate)
        askForVotes(term: term, isTransfer: isTransfer)
        if options.has(.answersBeforeSync) { countOwnVote() }
    }

    private mutating func askForVotes(term: Term, isTransfer: Bool) {
        let isPreVote = candidate?.isPreVote ?? false
        let request = RequestVote(
            term: term, candidate: me, lastIndex: tail.lastIndex, lastTerm: tail.lastTerm,
            isTransfer: isTransfer, isPreVote: isPreVote)
        for server in configuration.voters where server.id != id {
            let exchange = takeExchange()
            candidate?.asked.append((exchange, server.id))
            hold(
                .send(.vote(request), to: Peer(server), exchange: exchange),
                until: isPreVote ? 0 : hardGate)
        }
    }

    mutating func countOwnVote() {
        candidate?.granted.insert(id)
        countVotes()
    }

    mutating func receiveVoteReply(_ reply: VoteReply, of exchange: ExchangeID) {
        if reply.term > term, !(reply.granted && candidate?.isPreVote == true) {
            return follow(term: reply.term, leader: nil)
        }
        countVote(of: exchange, granted: reply.granted)
    }

    mutating func countVote(of exchange: ExchangeID, granted: Bool) {
        guard granted, let voter = candidate?.server(of: exchange) else { return }
        candidate?.granted.insert(voter)
        countVotes()
    }

    private mutating func countVotes() {
        guard let candidate, candidate.hasWon(configuration) else { return }
        if candidate.isPreVote { campaign() } else { lead() }
    }

    // MARK: Being asked

    mutating func receiveVote(_ request: RequestVote, _ exchange: ExchangeID) {
        let candidate = identify(request.candidate)
        let isLoyal =
            (role == .leader || now < loyalUntil) && !request.isTransfer
            && candidate.id != leader?.id
        if isLoyal || request.term < term {
            return refuse(exchange)
        }
        if request.isPreVote {
            let granted = request.term > term && isUpToDate(request)
            let reply = VoteReply(term: term, granted: granted)
            return hold(.reply(.vote(reply), exchange: exchange), until: hardGate)
        }
        if request.term > term { follow(term: request.term, leader: nil) }
        guard role != .leader, vote.isEmpty || vote == candidate.id, isUpToDate(request) else {
            return refuse(exchange)
        }
        follow(term: term, leader: leader)
        if vote.isEmpty { setHardState(term: term, vote: candidate.id) }
        resetElectionDeadline(options.heartbeatTimeout)
        let reply = VoteReply(term: term, granted: true)
        hold(.reply(.vote(reply), exchange: exchange), until: hardGate)
    }

    private mutating func refuse(_ exchange: ExchangeID) {
        let reply = VoteReply(term: term, granted: false)
        hold(.reply(.vote(reply), exchange: exchange), until: hardGate)
    }

    /// Returns true when the candidate's log contains all that may be committed (paper, 5.4.1).
    private func isUpToDate(_ request: RequestVote) -> Bool {
        if options.has(.votesForShorterLog) { return true }
        return (request.lastTerm, request.lastIndex) >= (tail.lastTerm, tail.lastIndex)
    }

    mutating func receiveTimeoutNow(_ message: TimeoutNow, _ exchange: ExchangeID) {
        out.append(.reply(.timeoutNow, exchange: exchange))
        guard role != .leader, message.term == 0 || message.term == term, mayCampaign else {
            return
        }
        campaign(isTransfer: true)
    }

    // MARK: Changing sides

    /// Becomes a follower, and answers the open requests of a leader that steps down.
    mutating func follow(term newTerm: Term, leader newLeader: Peer?) {
        if newTerm > term { setHardState(term: newTerm, vote: "") }
        leader = newLeader
        candidate = nil
        let former = leading
        leading = nil
        if role != .follower { resetElectionDeadline(options.heartbeatTimeout) }
        role = .follower
        if let former { dismiss(former) }
    }

    private mutating func dismiss(_ former: Leader) {
        for item in former.waiting {
            if let ticket = item.ticket { out.append(.answer(ticket, .lost)) }
        }
        for read in Array(former.unconfirmedReads) + former.confirmedReads {
            out.append(.answer(read.ticket, .notLeader(leader: leader)))
        }
        if let transfer = former.transfer {
            out.append(.answer(transfer.ticket, transfer.isSent ? .done : .lost))
        }
    }

    private mutating func lead() {
        role = .leader
        candidate = nil
        leader = me
        abandonSnapshot()
        let noop = LogEntry(index: tail.lastIndex + 1, term: term, kind: .noop)
        let start = options.has(.commitsOldTerms) ? 1 : noop.index
        leading = Leader(
            startIndex: noop.index, commitment: Commitment(startIndex: start, voters: []),
            now: now)
        appendToTail(noop)
        leading?.waiting.append(.init(ticket: nil, index: noop.index, bytes: 0))
        followConfiguration()
        countOwn()
    }
}
