/// A server as a message names it. HashiCorp's requests carry the address alone; `id` is empty then
/// and the core looks the address up in its configuration.
package struct Peer: Sendable, Hashable {
    package var id: ServerID
    /// `ip:port`.
    package var address: String

    package init(id: ServerID = "", address: String) {
        self.id = id
        self.address = address
    }

    package init(_ server: Server) { self.init(id: server.id, address: server.address) }
}

/// A number that pairs a request with its reply. The sender numbers its own requests; the
/// receiver's shell numbers what it receives. The two numbers are unrelated.
package typealias ExchangeID = UInt64

/// The connection on which a request travels. Requests of one lane arrive in order if they arrive;
/// no lane waits for another (a snapshot that takes minutes must not delay the heartbeats).
package enum Lane: Sendable, Hashable {
    /// Appends with entries or a commit index, up to `Limits.inflightMax` unanswered.
    case entries
    /// Heartbeats, votes, TimeoutNow: small, answered at once.
    case control
    case snapshot
}

/// A request from one server to another (paper, figures 2 and 13; thesis, 3.10 and 9.6). The
/// numbers of HashiCorp's wire are next to the cases.
package enum Request: Sendable, Hashable {
    case append(AppendEntries)  // 0
    case vote(RequestVote)  // 1; 4 with `isPreVote`
    /// The contents follow it on the wire; see `Directive.sendSnapshot`.
    case snapshot(InstallSnapshot)  // 2
    case timeoutNow(TimeoutNow)  // 3

    package var lane: Lane {
        switch self {
        case .append(let append): append.isHeartbeat ? .control : .entries
        case .vote, .timeoutNow: .control
        case .snapshot: .snapshot
        }
    }
}

package enum Reply: Sendable, Hashable {
    case append(AppendReply)
    case vote(VoteReply)
    case snapshot(SnapshotReply)
    case timeoutNow
}

package struct AppendEntries: Sendable, Hashable {
    package var term: Term
    package var leader: Peer
    /// The entry before the first of `entries`; 0 and 0 for none.
    package var previousIndex: LogIndex
    package var previousTerm: Term
    /// At most `RaftOptions.appendEntriesMax`, without gaps.
    package var entries: [LogEntry]
    package var commitIndex: LogIndex

    package init(
        term: Term, leader: Peer, previousIndex: LogIndex = 0, previousTerm: Term = 0,
        entries: [LogEntry] = [], commitIndex: LogIndex = 0
    ) {
        self.term = term
        self.leader = leader
        self.previousIndex = previousIndex
        self.previousTerm = previousTerm
        self.entries = entries
        self.commitIndex = commitIndex
    }

    /// True for a request that only shows that the leader is alive. On HashiCorp's wire its
    /// `Entries` are nil; those of an ordinary append without entries are an empty array.
    package var isHeartbeat: Bool {
        previousIndex == 0 && commitIndex == 0 && entries.isEmpty
    }
}

package struct AppendReply: Sendable, Hashable {
    package var term: Term
    /// The last entry before the request was carried out.
    package var lastLog: LogIndex
    package var success: Bool
    /// The request failed because the logs differ: retry with an earlier entry at once.
    package var noRetryBackoff: Bool
    /// The term of the receiver's entry at `previousIndex` when that is another, and the first
    /// entry of that term in its log; 0 from servers that do not send them.
    package var conflictTerm: Term
    package var conflictIndex: LogIndex

    package init(
        term: Term, lastLog: LogIndex, success: Bool, noRetryBackoff: Bool = false,
        conflictTerm: Term = 0, conflictIndex: LogIndex = 0
    ) {
        self.term = term
        self.lastLog = lastLog
        self.success = success
        self.noRetryBackoff = noRetryBackoff
        self.conflictTerm = conflictTerm
        self.conflictIndex = conflictIndex
    }
}

package struct RequestVote: Sendable, Hashable {
    /// For a pre-vote the term in which the candidate would campaign.
    package var term: Term
    package var candidate: Peer
    package var lastIndex: LogIndex
    package var lastTerm: Term
    /// The leader itself wants this election: vote even though a leader was heard from recently.
    package var isTransfer: Bool
    /// A request for a promise of a vote. Changes nothing at the receiver (thesis, 9.6).
    package var isPreVote: Bool

    package init(
        term: Term, candidate: Peer, lastIndex: LogIndex, lastTerm: Term,
        isTransfer: Bool = false, isPreVote: Bool = false
    ) {
        self.term = term
        self.candidate = candidate
        self.lastIndex = lastIndex
        self.lastTerm = lastTerm
        self.isTransfer = isTransfer
        self.isPreVote = isPreVote
    }
}

package struct VoteReply: Sendable, Hashable {
    package var term: Term
    package var granted: Bool

    package init(term: Term, granted: Bool) {
        self.term = term
        self.granted = granted
    }
}

package struct InstallSnapshot: Sendable, Hashable {
    package var term: Term
    package var leader: Peer
    /// `meta.size` bytes follow.
    package var meta: SnapshotMeta

    package init(term: Term, leader: Peer, meta: SnapshotMeta) {
        self.term = term
        self.leader = leader
        self.meta = meta
    }
}

package struct SnapshotReply: Sendable, Hashable {
    package var term: Term
    package var success: Bool

    package init(term: Term, success: Bool) {
        self.term = term
        self.success = success
    }
}

/// Campaign at once (thesis, 3.10). HashiCorp's request has no fields; ours adds the term, which is
/// 0 from servers that do not send it.
package struct TimeoutNow: Sendable, Hashable {
    package var term: Term
    package var leader: Peer

    package init(term: Term = 0, leader: Peer = Peer(address: "")) {
        self.term = term
        self.leader = leader
    }
}
