internal import ConsulModel
internal import ConsulState
internal import Logging
internal import Primitives
internal import Synchronization

/// Gathers the coordinates that nodes measure and writes them in batches. Each node sends often and
/// only its newest counts, so the leader keeps the latest of each for a period. Updates beyond the
/// bound are dropped; their nodes send again.
final class CoordinateUpdates: LeaderDuty {
    private struct Subject: Hashable {
        var node: String
        var segment: String
    }

    private struct State {
        var waiting: [NodeCoordinate] = []
        var slots: [Subject: Int] = [:]
        var dropped = 0
    }

    private let context: DutyContext
    private let period: GoDuration
    private let timer: DutyTimer
    private let state = Mutex(State())

    init(_ context: DutyContext, period: GoDuration) {
        self.context = context
        self.period = period
        timer = DutyTimer(context.clock)
    }

    /// Does nothing: the first update starts the period.
    func begin() {}
    func end() { timer.end() }

    /// Keeps an update for the next writing.
    func add(_ update: NodeCoordinate) {
        state.withLock { state in
            let subject = Subject(node: update.node, segment: update.segment)
            if let slot = state.slots[subject] {
                state.waiting[slot] = update
            } else if state.waiting.count < Limits.coordinatesWaitingMax {
                state.slots[subject] = state.waiting.count
                state.waiting.append(update)
            } else {
                state.dropped += 1
            }
        }
        timer.arm(after: period) { [weak self] in self?.flush() }
    }

    /// Writes the gathered coordinates that are new, of nodes that exist.
    func flush() {
        timer.cancel()
        let (waiting, dropped) = state.withLock { state in
            defer { state = State() }
            return (state.waiting, state.dropped)
        }
        if dropped > 0 {
            context.logger.warning(
                "more nodes told of their coordinates than are written at once; some were dropped",
                metadata: ["dropped": "\(dropped)"])
        }
        guard context.leads else { return }
        let store = context.published.load().store
        let news = waiting.filter { update in
            store.catalog.node(update.node) != nil
                && store.coordinates.coordinate(update.node, segment: update.segment) != update
        }
        for start in stride(from: 0, to: news.count, by: Limits.coordinateBatch) {
            let batch = news[start..<min(start + Limits.coordinateBatch, news.count)]
            context.log.propose(.coordinates(Array(batch))) { [logger = context.logger] result in
                if case .failure(let error) = result {
                    logger.warning(
                        "cannot write coordinates", metadata: ["error": "\(error.message)"])
                }
            }
        }
    }
}
