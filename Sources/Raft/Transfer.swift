import Primitives

/// The transfer of the leadership (thesis, 3.10): nothing new is accepted, the heir's log is
/// brought up to date, and it receives a TimeoutNow.
extension RaftCore {
    mutating func transfer(to id: ServerID?, _ ticket: Ticket) {
        guard role == .leader, let leading else {
            return out.append(.answer(ticket, .notLeader(leader: leader)))
        }
        guard leading.transfer == nil else {
            return out.append(.answer(ticket, .refused(.transferInProgress)))
        }
        guard let target = id ?? bestHeir, target != self.id, configuration.isVoter(target)
        else {
            let error = id.map { RaftError.notAVoter($0) } ?? .noVoterLeft
            return out.append(.answer(ticket, .refused(error)))
        }
        self.leading?.transfer = .init(
            ticket: ticket, target: target, deadline: now + options.electionTimeout)
        continueTransfer()
    }

    /// The voter with the longest log.
    var bestHeir: ServerID? {
        leading?.peers.filter { configuration.isVoter($0.server.id) }
            .max { $0.match < $1.match }?.server.id
    }

    mutating func continueTransfer() {
        guard let transfer = leading?.transfer, !transfer.isSent,
            leading?.peer(transfer.target)?.match == tail.lastIndex
        else { return }
        leading?.transfer?.isSent = true
        sendTimeoutNow(to: transfer.target)
    }

    mutating func sendTimeoutNow(to id: ServerID) {
        guard let slot = leading?.peers.firstIndex(where: { $0.server.id == id }) else { return }
        leading?.leaseIsForfeited = true
        send(.timeoutNow(TimeoutNow(term: term, leader: me)), to: slot, .timeoutNow)
    }
}
