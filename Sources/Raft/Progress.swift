import Primitives

/// What a leader knows of one other server, and has under way to it.
struct Progress: Sendable {
    enum Stage: Sendable, Hashable {
        /// One append at a time, to find out where the logs agree.
        case probe
        /// Appends follow each other without waiting.
        case pipeline
        /// A snapshot is under way; no appends until it is answered.
        case snapshot
    }

    struct Inflight: Sendable {
        enum Kind: Sendable, Hashable {
            case heartbeat
            /// Once it succeeds the log up to `last` is there.
            case entries(previous: LogIndex, last: LogIndex)
            case snapshot(LogIndex)
            case timeoutNow
        }

        let exchange: Exchange
        let kind: Kind
        let sentAt: Instant
        let round: UInt64
    }

    var server: Server
    var stage = Stage.probe
    /// The next entry to send.
    var next: LogIndex
    /// The log up to here is on that server's disk.
    var match: LogIndex = 0
    var inflight: [Inflight] = []
    /// When the newest request that it answered was sent: it followed this leader then.
    var contact: Instant
    /// When it last answered.
    var heard: Instant?
    /// The newest round of `Leader.round` that it answered.
    var round: UInt64 = 0
    /// Exchanges that failed one after the other.
    var failures: Int64 = 0
    /// No appends before.
    var notBefore = Instant.zero
    /// The newest commit index that it was told.
    var commitTold: LogIndex = 0
    var commitDue: Instant?
    /// No longer of the group; gets the entry that says so, until then.
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

    /// Nothing is known of what it has right before `next`.
    var mustBeProbed: Bool { stage == .probe && match + 1 != next }

    mutating func take(_ exchange: Exchange) -> Inflight? {
        guard let slot = inflight.firstIndex(where: { $0.exchange == exchange }) else {
            return nil
        }
        return inflight.remove(at: slot)
    }

    /// Forgets appends under way: what they bring about will be seen from the next probe.
    mutating func probe(from index: LogIndex) {
        stage = .probe
        next = index
        commitTold = 0
        commitDue = nil
        inflight.removeAll { item in
            if case .entries = item.kind { return true }
            return false
        }
    }

    /// 10 ms · 2^(n-1), as HashiCorp's.
    mutating func backOff(now: Instant) {
        failures += 1
        let rounds = min(failures - 1, Limits.backoffRoundsMax)
        notBefore = now + GoDuration.milliseconds(10) * (1 << rounds)
    }
}
