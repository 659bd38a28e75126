package import ConsulModel
package import ConsulState
internal import Platform
package import Primitives
internal import Raft
package import RaftNode
internal import Synchronization
internal import Telemetry

/// A command that is committed and applied.
package struct Commit: Sendable {
    package var index: UInt64
    package var result: CommandResult
    package init(index: UInt64, result: CommandResult) {
        self.index = index
        self.result = result
    }
}

/// The replicated log for handlers: the only way to write, and the source of the leadership.
package final class RaftLog: Sendable {
    package typealias Completion = @Sendable (Result<Commit, ConsulError>) -> Void

    package let node: RaftNode
    package let leadership = Leadership()
    private let applier: Applier
    private let metrics: ServerMetrics
    private let clock: @Sendable () -> Instant
    private let operations: Mutex<SeededRandom>
    private let lastRole = Mutex<Role?>(nil)
    private let onReady = Mutex<(@Sendable () -> Void)?>(nil)

    package init(
        node: RaftNode, applier: Applier, seed: UInt64, metrics: ServerMetrics = ServerMetrics(),
        clock: @escaping @Sendable () -> Instant
    ) {
        self.metrics = metrics
        self.node = node
        self.applier = applier
        self.clock = clock
        operations = Mutex(SeededRandom(seed: seed))
        node.onRoleChange { [weak self] status in self?.roleChanged(status) }
    }

    /// Returns this server's state, at least as new as `index`, and its index. Costs one retain.
    func newest(atLeast index: UInt64) -> (image: any StateImage, index: UInt64) {
        applier.newest(atLeast: index)
    }

    /// Calls `body` each time this server has become the leader and has applied all earlier
    /// entries.
    package func whenReady(_ body: @escaping @Sendable () -> Void) {
        onReady.withLock { $0 = body }
        if leadership.isReady { body() }
    }

    private func roleChanged(_ status: RaftStatus) {
        let last = lastRole.withLock { last in
            defer { last = status.role }
            return last
        }
        if last != status.role { metrics.count(status.role, after: last) }
        let leads = status.role == .leader && status.stopped == nil
        leadership.set(
            leads: leads, isReady: leads && leadership.isReady,
            hasLeader: status.leader != nil && status.stopped == nil)
        guard leads, !leadership.isReady else { return }
        let begun = clock()
        node.read(.lease) { [weak self] result in
            guard let self, case .success = result else { return }
            metrics.leaderBarrier.record(clock() - begun)
            leadership.set(leads: true, isReady: true, hasLeader: true)
            onReady.withLock { $0 }?()
        }
    }

    /// Proposes a command, to be committed and applied.
    ///
    /// - Parameter completion: called exactly once, on any thread, perhaps before this returns.
    ///   After a success, reads on this server include the command. After a failure the command may
    ///   still be committed later.
    package func propose(_ command: Command, completion: @escaping Completion) {
        let (proposed, message) = ProposedCommand.make(command)
        let writes: [RaftNode.Write]
        if CommandChunks.isLong(message) {
            let operation = operations.withLock { $0.next() }
            writes = CommandChunks.cut(message, operation: operation).map {
                RaftNode.Write($0.data, extensions: $0.extensions)
            }
        } else {
            writes = [RaftNode.Write(message)]
        }
        metrics.raftApply.increment()
        let start = SystemClock.now()
        node.propose(writes, context: proposed) { [commitTime = metrics.commitTime] result in
            commitTime.record(since: start)
            switch result {
            case .success(let index):
                guard let result = proposed.result else {
                    preconditionFailure("entry \(index) was carried out without its context")
                }
                completion(.success(Commit(index: index, result: result)))
            case .failure(let refusal): completion(.failure(ConsulError(refusal)))
            }
        }
    }

    /// The reason why this server cannot write while it does not lead: a fault of its disk, or that
    /// there is no leader.
    var writeRefusal: ConsulError {
        let status = node.status
        guard let reason = status.stopped ?? status.writeFault else { return .noLeader }
        return ConsulError(RaftRefusal.stopped(reason))
    }

    /// Returns whether a leader is known, and the time since its last contact: the meta data of a
    /// stale read.
    func contact() -> (hasLeader: Bool, ago: GoDuration) {
        if leadership.isReady { return (true, .zero) }
        let last = node.status.lastContact
        return (leadership.hasLeader, last.map { clock() - $0 } ?? .zero)
    }

    /// Asks a quorum whether this server still leads (`?consistent`).
    package func verify(_ completion: @escaping @Sendable (ConsulError?) -> Void) {
        metrics.verifyLeader.increment()
        node.read(.quorum) { result in
            switch result {
            case .success: completion(nil)
            case .failure(let refusal): completion(ConsulError(refusal))
            }
        }
    }
}

extension ConsulError {
    /// Uses Consul's texts, where it has them.
    init(_ refusal: RaftRefusal) {
        switch refusal {
        case .notLeader: self = .noLeader
        case .leadershipLost:
            self = ConsulError(.internal, "leadership lost while committing log")
        case .timedOut: self = ConsulError(.internal, "timed out enqueuing operation")
        case .tooMany: self = .tooManyWrites
        case .refused(let error): self = ConsulError(.internal, "raft: \(error)")
        case .stopped(let reason): self = ConsulError(.internal, "raft: \(reason)")
        }
    }

    static let tooManyWrites = ConsulError(
        .tooManyRequests, "Too many writes are waiting to be committed")
    static let tooManyQueries = ConsulError(
        .tooManyRequests, "Too many blocking queries are waiting on this server")
}
