package import ConsulModel
package import ConsulState
internal import Synchronization

/// The log of a server that stands alone and keeps nothing on disk: what is proposed is committed
/// at once.
///
/// Whoever proposes while nobody writes becomes the writer, and carries out what others propose
/// meanwhile, batch by batch; they do not wait for a lock.
package final class InMemoryLog: ConsensusLog {
    private struct Proposal {
        var command: Command
        var completion: @Sendable (Result<Commit, ConsulError>) -> Void
    }
    private struct Queue {
        var waiting: [Proposal] = []
        var hasWriter = false
        /// Reads show index 1 where nothing was written yet: the first command is above it.
        var lastIndex: UInt64 = 1
    }

    private let applier: Applier
    private let queue = Mutex(Queue())

    package init(applier: Applier) { self.applier = applier }

    package func propose(
        _ command: Command,
        completion: @escaping @Sendable (Result<Commit, ConsulError>) -> Void
    ) {
        enum Role { case writer, follower, refused }
        let role = queue.withLock { queue -> Role in
            guard queue.waiting.count < Limits.proposalsMax else { return .refused }
            queue.waiting.append(Proposal(command: command, completion: completion))
            if queue.hasWriter { return .follower }
            queue.hasWriter = true
            return .writer
        }
        switch role {
        case .writer: while writeBatch() {}
        case .follower: return
        case .refused: completion(.failure(.tooManyWrites))
        }
    }

    /// - Returns: false when nothing was left; this thread is the writer no more then.
    private func writeBatch() -> Bool {
        let (proposals, first) = queue.withLock { queue -> ([Proposal], UInt64) in
            let proposals = Array(queue.waiting.prefix(Limits.batchMax))
            queue.waiting.removeFirst(proposals.count)
            if proposals.isEmpty { queue.hasWriter = false }
            let first = queue.lastIndex + 1
            queue.lastIndex += UInt64(proposals.count)
            return (proposals, first)
        }
        if proposals.isEmpty { return false }
        let batch = proposals.enumerated().map { offset, proposal in
            (index: first + UInt64(offset), command: proposal.command)
        }
        let results = applier.apply(batch)
        for (offset, proposal) in proposals.enumerated() {
            proposal.completion(
                .success(Commit(index: first + UInt64(offset), result: results[offset])))
        }
        return true
    }
}

extension ConsulError {
    static let tooManyWrites = ConsulError(
        .tooManyRequests, "Too many writes are waiting to be committed")
    static let tooManyQueries = ConsulError(
        .tooManyRequests, "Too many blocking queries are waiting on this server")
}
