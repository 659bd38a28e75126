internal import ConsulModel
internal import Synchronization

/// A read that begins once a quorum has confirmed that this server leads.
final class VerifiedCall: PendingCall {
    private enum State {
        case asked
        case begun((any PendingCall)?)
        case cancelled
    }
    private let state = Mutex(State.asked)

    func fill(_ begin: () -> (any PendingCall)?) {
        let pending = begin()
        let isCancelled = state.withLock { state in
            if case .cancelled = state { return true }
            state = .begun(pending)
            return false
        }
        if isCancelled { pending?.cancel() }
    }

    func cancel() {
        let pending = state.withLock { state -> (any PendingCall)? in
            defer { state = .cancelled }
            if case .begun(let pending) = state { return pending }
            return nil
        }
        pending?.cancel()
    }
}
