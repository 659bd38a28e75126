internal import ConsulModel
internal import ConsulState
internal import Logging
internal import Primitives
internal import Synchronization

/// Deletes tombstones once they are older than `Limits.tombstoneTime`.
final class TombstoneReaper: LeaderDuty {
    private let context: DutyContext
    private let timer: DutyTimer
    /// The index of the log at earlier steps, oldest first; one for each step of the time.
    private let marks = Mutex<[(at: Instant, index: UInt64)]>([])

    init(_ context: DutyContext) {
        self.context = context
        timer = DutyTimer(context.clock)
    }

    func begin() {
        marks.withLock { $0 = [] }
        schedule()
    }

    func end() { timer.end() }

    private func schedule() {
        timer.arm(after: Limits.tombstoneStep) { [weak self] in self?.step() }
    }

    /// Records the index of the log, and proposes the deletion of the tombstones up to the index
    /// that was recorded `tombstoneTime` ago.
    private func step() {
        guard context.leads else { return }
        defer { schedule() }
        let now = context.clock.now()
        let view = context.published.load()
        let due = marks.withLock { marks -> UInt64? in
            marks.append((now, view.index))
            let young = marks.firstIndex { now - $0.at < Limits.tombstoneTime } ?? marks.count
            defer { marks.removeFirst(young) }
            return young > 0 ? marks[young - 1].index : nil
        }
        guard let due, view.store.kvs.hasTombstones(through: due) else { return }
        context.log.propose(.reapTombstones(through: due)) { [logger = context.logger] result in
            if case .failure(let error) = result {
                logger.warning("cannot forget old deletions", metadata: ["error": "\(error)"])
            }
        }
    }
}
