import Primitives

/// The leader's view of one other server, and the requests on their way to it.
struct Progress: Sendable {
    enum Stage: Sendable, Hashable {
        /// One append at a time, to find the index at which the logs agree.
        case probe
        /// Appends follow each other without waiting.
        case pipeline
        /// A snapshot is under way; no appends until it is answered.
        case snapshot
    }

    struct Inflight: Sendable {
        enum Kind: Sendable, Hashable {
            case heartbeat
            /// Once it succeeds, that server has the log up to `last`.
            case entries(previous: LogIndex, last: LogIndex)
            case snapshot(LogIndex)
            case timeoutNow
        }

        let exchange: ExchangeID
        let kind: Kind
        let sentAt: Instant
        let round: UInt64
    }

    var server: Server
    var stage = Stage.probe
    /// The next entry to send.
    var next: LogIndex
    /// That server has the log up to here on its disk.
    var match: LogIndex = 0
    var inflight: [Inflight] = []
    /// The time at which the newest answered request was sent: that server followed this leader
    /// then.
    var contact: Instant
    /// The time of its last answer.
    var heard: Instant?
    /// The newest round of `Leader.round` that it answered.
    var round: UInt64 = 0
    /// The number of consecutive failed exchanges.
    var failures: Int64 = 0
    /// No appends are sent before.
    var notBefore = Instant.zero
    /// The newest commit index that was sent to it.
    var commitSent: LogIndex = 0
    var commitDue: Instant?
    /// Set for a server that left the group; until then it still receives the entry of its removal.
    var leavesAt: Instant?

    init(server: Server, next: LogIndex, contact: Instant) {
        self.server = server
        self.next = next
        self.contact = contact
    }

    var appendsInflight: Int {
        var count = 0
        for item in inflight {
            if case .entries = item.kind { count += 1 }
        }
        return count
    }

    /// True when the entry right before `next` is not confirmed.
    var mustBeProbed: Bool { stage == .probe && match + 1 != next }

    mutating func take(_ exchange: ExchangeID) -> Inflight? {
        guard let slot = inflight.firstIndex(where: { $0.exchange == exchange }) else {
            return nil
        }
        return inflight.remove(at: slot)
    }

    /// Forgets the appends that are on their way: the next probe shows their effect.
    mutating func probe(from index: LogIndex) {
        stage = .probe
        next = index
        commitSent = 0
        commitDue = nil
        inflight.removeAll { item in
            if case .entries = item.kind { return true }
            return false
        }
    }

    /// Sets the pause after failures: 10 ms · 2^(n-1), the same as HashiCorp's.
    mutating func backOff(now: Instant) {
        failures += 1
        let rounds = min(failures - 1, Limits.backoffRoundsMax)
        notBefore = now + GoDuration.milliseconds(10) * (1 << rounds)
    }
}
