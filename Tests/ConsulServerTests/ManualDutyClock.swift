import ConsulServer
import Primitives
import Synchronization

/// Moves the time of the leader's duties when a test advances it, and fires their timers on the
/// caller's thread.
final class ManualDutyClock: Sendable {
    private struct Timer {
        let number: Int
        let deadline: Instant
        let body: @Sendable () -> Void
    }
    private struct State {
        var now = Instant.zero
        var timers: [Timer] = []
        var made = 0
    }
    private let state = Mutex(State())

    var clock: DutyClock {
        DutyClock(
            now: { self.state.withLock { $0.now } },
            unixNanoseconds: { self.state.withLock { $0.now.nanoseconds + 1_000_000_000_000 } }
        ) { wait, body in
            let number = self.state.withLock { state in
                state.made += 1
                state.timers.append(
                    Timer(number: state.made, deadline: state.now + wait, body: body))
                return state.made
            }
            return { self.state.withLock { $0.timers.removeAll { $0.number == number } } }
        }
    }

    /// The number of timers that have not fired.
    var waiting: Int { state.withLock { $0.timers.count } }

    /// Fires the timers that are due on the way, in the order of their deadlines.
    func advance(_ length: GoDuration) {
        let end = state.withLock { $0.now + length }
        while true {
            let due = state.withLock { state -> Timer? in
                let next = state.timers.min { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
                guard let next, next.deadline <= end else {
                    state.now = end
                    return nil
                }
                state.now = max(state.now, next.deadline)
                state.timers.removeAll { $0.number == next.number }
                return next
            }
            guard let due else { return }
            due.body()
        }
    }
}
