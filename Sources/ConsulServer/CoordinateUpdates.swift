internal import ConsulModel
internal import ConsulState
internal import Logging
internal import NIOCore
internal import Primitives
internal import Synchronization

/// What nodes find out about their places, on its way into the log. Each node tells often, and only
/// the newest counts: so the leader gathers for a while, keeps the latest of each node, and writes
/// batches. What is beyond its bound is dropped; the node will tell again.
final class CoordinateUpdates: Sendable {
    private struct Subject: Hashable {
        var node: String
        var segment: String
    }

    private struct State {
        var waiting: [NodeCoordinate] = []
        var places: [Subject: Int] = [:]
        var dropped = 0
        var scheduled: Scheduled<Void>?
        var isOver = false
    }

    private let log: RaftLog
    private let published: PublishedState
    private let period: GoDuration
    private let loop: any EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    init(
        log: RaftLog, state: PublishedState, period: GoDuration, loop: any EventLoop,
        logger: Logger
    ) {
        self.log = log
        published = state
        self.period = period
        self.loop = loop
        self.logger = logger
    }

    func end() {
        state.withLock { state in
            state.isOver = true
            state.scheduled?.cancel()
        }
    }

    /// Keeps an update for the next writing.
    func add(_ update: NodeCoordinate) {
        state.withLock { state in
            if state.isOver { return }
            let subject = Subject(node: update.node, segment: update.segment)
            if let place = state.places[subject] {
                state.waiting[place] = update
            } else if state.waiting.count < Limits.coordinatesWaitingMax {
                state.places[subject] = state.waiting.count
                state.waiting.append(update)
            } else {
                state.dropped += 1
            }
            guard state.scheduled == nil else { return }
            state.scheduled = loop.scheduleTask(in: .nanoseconds(period.nanoseconds)) {
                [weak self] () -> Void in
                self?.flush()
            }
        }
    }

    /// Writes what waits: what says something new of a node that there is.
    func flush() {
        let (waiting, dropped) = state.withLock { state in
            defer { state = State(isOver: state.isOver) }
            return (state.waiting, state.dropped)
        }
        if dropped > 0 {
            logger.warning(
                "more nodes told of their coordinates than are written at once; some were dropped",
                metadata: ["dropped": "\(dropped)"])
        }
        guard log.leadership.isReady else { return }
        let store = published.load().store
        let news = waiting.filter { update in
            store.catalog.node(update.node) != nil
                && store.coordinates.standing(update.node, segment: update.segment) != update
        }
        for start in stride(from: 0, to: news.count, by: Limits.coordinateBatch) {
            let batch = news[start..<min(start + Limits.coordinateBatch, news.count)]
            log.propose(.coordinates(Array(batch))) { [logger] result in
                if case .failure(let error) = result {
                    logger.warning(
                        "cannot write coordinates", metadata: ["error": "\(error.message)"])
                }
            }
        }
    }
}
