import PluginAPI
import Primitives
import Synchronization
import Watch

/// Runs a handler once, from start to end. Callers may kill it at any time, also before its start.
/// `RunRecord` is its entry in the watch's history.
final class HandlerRun: Sendable {
    let firing: WatchFiring
    let startedAt: Instant

    private struct State {
        var task: Task<Void, Never>?
        var companion: Task<Void, Never>?
        var isKilled = false
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    init(firing: WatchFiring, startedAt: Instant) {
        self.firing = firing
        self.startedAt = startedAt
    }

    /// Starts the handler on the caller's thread: a hop to another would delay it.
    func start(
        _ handler: any WatchHandler, _ input: HandlerInput,
        ended: @escaping @Sendable (HandlerOutcome) -> Void
    ) {
        let task = Task.immediate {
            ended(await handler.run(input))
            end()
        }
        let isKilled = state.withLock { state in
            if !state.isOver { state.task = task }
            return state.isKilled
        }
        if isKilled { task.cancel() }
    }

    private func end() {
        let (companion, waiting) = state.withLock { state in
            defer {
                state.isOver = true
                (state.task, state.companion, state.waiting) = (nil, nil, [])
            }
            return (state.companion, state.waiting)
        }
        companion?.cancel()
        for continuation in waiting { continuation.resume() }
    }

    /// Runs `body` concurrently with the handler, and cancels it at the handler's end.
    func whileRunning(_ body: @escaping @Sendable () async -> Void) {
        let companion = Task { await body() }
        let isOver = state.withLock { state in
            if !state.isOver { state.companion = companion }
            return state.isOver
        }
        if isOver { companion.cancel() }
    }

    func kill() {
        let task = state.withLock { state in
            state.isKilled = true
            return state.task
        }
        task?.cancel()
    }

    func finished() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiting.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }
}
