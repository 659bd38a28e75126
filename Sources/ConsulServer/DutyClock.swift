internal import NIOCore
internal import Platform
package import Primitives
internal import Synchronization

/// Supplies the time and the timers of the leader's duties; tests supply one that they advance.
package struct DutyClock: Sendable {
    /// Cancels a timer that has not fired yet.
    package typealias Cancel = @Sendable () -> Void

    package let now: @Sendable () -> Instant
    /// Nanoseconds since 1970: ends of keys are stored in wall time.
    package let unixNanoseconds: @Sendable () -> Int64
    private let timer: @Sendable (GoDuration, @escaping @Sendable () -> Void) -> Cancel

    package init(
        now: @escaping @Sendable () -> Instant,
        unixNanoseconds: @escaping @Sendable () -> Int64,
        timer: @escaping @Sendable (GoDuration, @escaping @Sendable () -> Void) -> Cancel
    ) {
        self.now = now
        self.unixNanoseconds = unixNanoseconds
        self.timer = timer
    }

    /// Uses the system's clocks, and fires on the loop.
    init(loop: any EventLoop) {
        self.init(now: SystemClock.now, unixNanoseconds: SystemClock.unixNanoseconds) {
            wait, body in
            let scheduled = loop.scheduleTask(in: .nanoseconds(max(wait.nanoseconds, 0)), body)
            return { scheduled.cancel() }
        }
    }

    func schedule(after wait: GoDuration, _ body: @escaping @Sendable () -> Void) -> Cancel {
        timer(wait, body)
    }
}

/// Holds the one timer of a duty. Any thread may call it.
final class DutyTimer: Sendable {
    private struct State {
        /// Nil while the timer is not armed.
        var deadline: Instant?
        var cancel: DutyClock.Cancel?
        /// Counts the armings; a timer that was replaced too late to be cancelled does not fire.
        var number: UInt64 = 0
        var isEnded = false
    }

    private let clock: DutyClock
    private let state = Mutex(State())

    init(_ clock: DutyClock) { self.clock = clock }

    /// Calls `body` once after the wait, unless the timer already fires by then.
    func arm(after wait: GoDuration, _ body: @escaping @Sendable () -> Void) {
        let deadline = clock.now() + wait
        let armed = state.withLock { state -> (number: UInt64, old: DutyClock.Cancel?)? in
            if state.isEnded { return nil }
            if let earlier = state.deadline, earlier <= deadline { return nil }
            state.number += 1
            state.deadline = deadline
            return (state.number, state.cancel.take())
        }
        guard let armed else { return }
        armed.old?()
        let cancel = clock.schedule(after: wait) { [weak self] in
            if self?.claim(armed.number) == true { body() }
        }
        let isCurrent = state.withLock { state in
            guard state.number == armed.number, state.deadline != nil else { return false }
            state.cancel = cancel
            return true
        }
        if !isCurrent { cancel() }
    }

    func cancel() {
        let cancel = state.withLock { state in
            state.deadline = nil
            return state.cancel.take()
        }
        cancel?()
    }

    /// Cancels the timer and ignores later calls of `arm`.
    func end() {
        state.withLock { $0.isEnded = true }
        cancel()
    }

    private func claim(_ number: UInt64) -> Bool {
        state.withLock { state in
            guard state.number == number, state.deadline != nil else { return false }
            state.deadline = nil
            state.cancel = nil
            return true
        }
    }
}
