internal import ConsulModel
internal import ConsulState
internal import Logging
internal import Primitives
internal import Synchronization

/// Deletes the keys whose TTL has ended.
///
/// A key holds its own end, by the clock of the leader that accepted the write: so the end survives
/// restarts, and shifts by the difference between the clocks of two leaders.
final class KeyExpirer: LeaderDuty {
    private let context: DutyContext
    private let timer: DutyTimer
    /// Deletions that are proposed and not answered.
    private let inFlight = Mutex(0)

    init(_ context: DutyContext) {
        self.context = context
        timer = DutyTimer(context.clock)
    }

    /// Returns the end of a key that is written now.
    func expiry(after ttl: GoDuration) -> KVExpiry {
        if ttl <= .zero { return KVExpiry() }
        return KVExpiry(unixNanoseconds: context.clock.unixNanoseconds() &+ ttl.nanoseconds)
    }

    /// Rejects a TTL outside of the bounds.
    static func check(_ ttl: GoDuration) throws(ConsulError) {
        guard ttl != .zero, ttl < Limits.keyTTLMin || ttl > Limits.keyTTLMax else { return }
        throw ConsulError(
            .badRequest,
            "Invalid TTL '\(ttl)', must be between [\(Limits.keyTTLMin)=\(Limits.keyTTLMax)]")
    }

    func begin() { look() }
    func end() { timer.end() }

    /// Deletes the keys that have ended, or waits for the first end. Called for a written key with
    /// a TTL too.
    func look() {
        // The last deletion under way looks again.
        guard context.leads, inFlight.withLock({ $0 == 0 }) else { return }
        let now = context.clock.unixNanoseconds()
        let next = context.published.load().store.kvs.nextToExpire(
            limit: Limits.keysExpiredAtOnce)
        let due = next.filter { $0.expires.unixNanoseconds <= now }
        guard due.isEmpty else { return expire(due) }
        guard let first = next.first else { return }
        schedule(after: .nanoseconds(first.expires.unixNanoseconds - now))
    }

    private func schedule(after wait: GoDuration) {
        timer.arm(after: min(wait, Limits.expiryLookMax)) { [weak self] in self?.look() }
    }

    private func expire(_ due: [KVEntry]) {
        inFlight.withLock { $0 += due.count }
        for entry in due {
            var last = KVEntry()
            last.key = entry.key
            last.raftIndex.modifyIndex = entry.raftIndex.modifyIndex
            last.expires = entry.expires
            context.log.propose(.kvs(KVSRequest(.deleteCAS, last))) { [weak self] result in
                self?.finish(result.map { _ in })
            }
        }
    }

    /// Counts a finished deletion; the last one has the next keys looked for, on the loop.
    private func finish(_ result: Result<Void, ConsulError>) {
        let isLast = inFlight.withLock { inFlight in
            inFlight -= 1
            return inFlight == 0
        }
        if case .failure(let error) = result {
            context.logger.warning(
                "cannot delete a key that has ended", metadata: ["error": "\(error)"])
            if isLast { schedule(after: Limits.dutyRetry) }
        } else if isLast {
            schedule(after: .zero)
        }
    }
}
