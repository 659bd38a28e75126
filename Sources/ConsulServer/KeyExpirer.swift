internal import ConsulModel
internal import ConsulState
internal import Logging
internal import NIOCore
internal import Platform
internal import Primitives
internal import Synchronization

/// Deletes the keys whose time has run out, while this server leads.
///
/// When a key ends stands with the key, by the clock of the leader that took the write: so it holds
/// through restarts, and moves by as much as the clocks of two leaders differ.
final class KeyExpirer: Sendable {
    private struct State {
        var scheduled: Scheduled<Void>?
        /// The deletions that were proposed and not answered.
        var inFlight = 0
        var isOver = false
    }

    private let log: RaftLog
    private let published: PublishedState
    private let loop: any EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    init(log: RaftLog, state: PublishedState, loop: any EventLoop, logger: Logger) {
        self.log = log
        published = state
        self.loop = loop
        self.logger = logger
    }

    /// What ends a key that is written now.
    static func expiry(after ttl: GoDuration) -> KVExpiry {
        if ttl <= .zero { return KVExpiry() }
        return KVExpiry(unixNanoseconds: SystemClock.unixNanoseconds() &+ ttl.nanoseconds)
    }

    /// - Throws: where a key could not live as long.
    static func check(_ ttl: GoDuration) throws(ConsulError) {
        guard ttl != .zero, ttl < Limits.keyTTLMin || ttl > Limits.keyTTLMax else { return }
        throw ConsulError(
            .badRequest,
            "Invalid TTL '\(ttl)', must be between [\(Limits.keyTTLMin)=\(Limits.keyTTLMax)]")
    }

    func end() {
        state.withLock { state in
            state.isOver = true
            state.scheduled?.cancel()
        }
    }

    /// This server has become the leader, or a key was written that ends by itself.
    func look() {
        guard log.leadership.isReady else { return }
        let isBusy = state.withLock { state in
            state.scheduled?.cancel()
            state.scheduled = nil
            return state.isOver || state.inFlight > 0
        }
        // Whatever is being deleted looks again when it is done.
        if isBusy { return }
        let now = SystemClock.unixNanoseconds()
        let next = published.load().store.kvs.nextToExpire(limit: Limits.keysExpiredAtOnce)
        let due = next.filter { $0.expires.unixNanoseconds <= now }
        guard due.isEmpty else { return expire(due) }
        guard let first = next.first else { return }
        schedule(after: .nanoseconds(first.expires.unixNanoseconds - now))
    }

    private func schedule(after wait: GoDuration) {
        let wait = min(wait, Limits.expiryLookMax)
        state.withLock { state in
            if state.isOver { return }
            state.scheduled?.cancel()
            state.scheduled = loop.scheduleTask(in: .nanoseconds(wait.nanoseconds)) {
                [weak self] () -> Void in
                self?.look()
            }
        }
    }

    private func expire(_ due: [KVEntry]) {
        state.withLock { $0.inFlight += due.count }
        for entry in due {
            var last = KVEntry()
            last.key = entry.key
            last.raftIndex.modifyIndex = entry.raftIndex.modifyIndex
            last.expires = entry.expires
            log.propose(.kvs(KVSRequest(.deleteCAS, last))) { [weak self] result in
                self?.ended(result.map { _ in })
            }
        }
    }

    private func ended(_ result: Result<Void, ConsulError>) {
        let isLast = state.withLock { state in
            state.inFlight -= 1
            return state.inFlight == 0
        }
        if case .failure(let error) = result {
            logger.warning("cannot delete a key that has ended", metadata: ["error": "\(error)"])
            if isLast { schedule(after: Limits.dutyRetry) }
        } else if isLast {
            loop.execute { [weak self] in self?.look() }
        }
    }
}
