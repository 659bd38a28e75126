import PluginAPI
import Primitives
import Synchronization
import Watch

/// One run of a handler, from start to end.
final class HandlerRun: Sendable {
    let firing: WatchFiring
    let startedAt: Instant

    private struct State {
        var task: Task<Void, Never>?
        var companion: Task<Void, Never>?
        var isOver = false
    }
    private let state = Mutex(State())

    init(firing: WatchFiring, startedAt: Instant) {
        self.firing = firing
        self.startedAt = startedAt
    }

    /// The handler begins on the caller's thread: a hop to another would delay it.
    func start(
        _ handler: any WatchHandler, _ firing: HandlerFiring,
        ended: @escaping @Sendable (HandlerOutcome) -> Void
    ) {
        let task = Task.immediate {
            let outcome = await handler.run(firing)
            let companion = state.withLock { state in
                state.isOver = true
                return state.companion
            }
            companion?.cancel()
            ended(outcome)
        }
        state.withLock { $0.task = task }
    }

    /// Runs beside the handler, and is cancelled at its end.
    func whileRunning(_ body: @escaping @Sendable () async -> Void) {
        let companion = Task { await body() }
        let isOver = state.withLock { state in
            state.companion = companion
            return state.isOver
        }
        if isOver { companion.cancel() }
    }

    func kill() { state.withLock { $0.task }?.cancel() }

    func finished() async { await state.withLock { $0.task }?.value }
}
