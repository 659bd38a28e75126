import ConsulClient
import Platform
import Primitives
import Synchronization

/// The events that end a run early: a signal, or the loss of its session.
struct Stop: Sendable {
    /// Runs the work while keeping the session alive.
    /// - Returns: nil when it was ended early.
    func guarding<Value: Sendable>(
        _ keeper: SessionKeeper, _ complain: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let work = Task { await body() }
        let isEnded = Ending()
        let signals = Task {
            for await _ in Signals.stream(of: Signals.ends) {
                isEnded.mark()
                work.cancel()
            }
        }
        let renewal = Task {
            guard let loss = await keeper.run(margin: .zero) else { return }
            complain("Remote execution session lost: \(loss)")
            isEnded.mark()
            work.cancel()
        }
        let value = await work.value
        signals.cancel()
        renewal.cancel()
        return isEnded.isMarked ? nil : value
    }

    private final class Ending: Sendable {
        private let marked = Mutex(false)
        func mark() { marked.withLock { $0 = true } }
        var isMarked: Bool { marked.withLock { $0 } }
    }

    /// Waits for a time.
    /// - Returns: false when the task was cancelled.
    static func pause(_ wait: GoDuration) async -> Bool {
        guard wait > .zero else { return !Task.isCancelled }
        do {
            try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds))
            return true
        } catch {
            return false
        }
    }
}
