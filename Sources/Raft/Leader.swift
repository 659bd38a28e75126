import Primitives

/// The state of a server while it leads.
struct Leader: Sendable {
    struct Waiting: Sendable {
        let ticket: Ticket?
        let index: LogIndex
        let bytes: Int
    }

    struct Read: Sendable {
        let ticket: Ticket
        /// Readable once this entry is applied.
        let index: LogIndex
        /// Readable once a quorum has answered this round.
        let round: UInt64
    }

    struct Transfer: Sendable {
        let ticket: Ticket
        let target: ServerID
        let deadline: Instant
        var isSent = false
    }

    /// The first entry of its term.
    let startIndex: LogIndex
    var peers: [Progress] = []
    var commitment: Commitment
    /// Own entries that are not applied yet, by index.
    var waiting = FIFOQueue<Waiting>()
    var waitingBytes = 0
    /// In the order of their rounds.
    var unconfirmedReads = FIFOQueue<Read>()
    var confirmedReads: [Read] = []
    /// Requests carry the number of the newest round; a quorum of replies confirms it.
    var round: UInt64 = 0
    var confirmedRound: UInt64 = 0
    /// The last time a quorum followed this leader.
    var quorumContact: Instant
    /// True after it sent a TimeoutNow: that server may be elected at any time from now on,
    /// regardless of the lease, so there is no lease for the rest of the term.
    var leaseIsForfeited = false
    var heartbeatDue: Instant
    /// The time to send the commit index to all again: a follower that has restarted has lost it.
    var reminderDue: Instant
    var transfer: Transfer?

    init(startIndex: LogIndex, commitment: Commitment, now: Instant) {
        self.startIndex = startIndex
        self.commitment = commitment
        quorumContact = now
        heartbeatDue = now
        reminderDue = now
    }

    /// Returns the progress of a server; nil for one that left the group and is no longer counted.
    func peer(_ id: ServerID) -> Progress? {
        peers.first { $0.server.id == id && $0.leavesAt == nil }
    }

    /// Removes an exchange and returns the request to which it belongs.
    mutating func take(_ exchange: ExchangeID) -> (slot: Int, Progress.Inflight)? {
        for slot in peers.indices {
            if let item = peers[slot].take(exchange) { return (slot, item) }
        }
        return nil
    }
}
