import Synchronization

/// Holds a pending call for a task that may be cancelled before the call is made.
final class PendingSlot: Sendable {
    private enum State {
        case empty
        case filled((any PendingCall)?)
        case cancelled
    }
    private let state = Mutex(State.empty)

    func fill(_ pending: (any PendingCall)?) {
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .filled(pending)
            return false
        }
        if isCancelled { pending?.cancel() }
    }

    func cancel() {
        let pending = state.withLock { state -> (any PendingCall)? in
            defer { state = .cancelled }
            if case .filled(let pending) = state { return pending }
            return nil
        }
        pending?.cancel()
    }
}
