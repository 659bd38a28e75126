import PluginAPI
package import Primitives
import Synchronization

/// A clock that the test advances.
package final class FakeClock: WaitingClock {
    private struct Sleeper {
        var id: Int
        var deadline: Instant
        var continuation: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var now = Instant(nanoseconds: 1_000_000_000)
        var nextID = 0
        var sleepers: [Sleeper] = []
        /// Sleeps that were cancelled before they started.
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    package init() {}

    package func now() -> Instant { state.withLock { $0.now } }

    package func sleep(until deadline: Instant) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.cancelled.remove(id) != nil { return false }
                    if deadline <= state.now { return true }
                    state.sleepers.append(
                        Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(returning: false)
        }
    }

    /// Wakes the sleepers whose deadline is reached, in the order of their deadlines.
    package func advance(by length: GoDuration) {
        let due = state.withLock { state in
            state.now = state.now + length
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due.sorted { $0.deadline < $1.deadline }
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    /// The remaining time of each sleeper, shortest first.
    package var waits: [GoDuration] {
        state.withLock { state in state.sleepers.map { $0.deadline - state.now }.sorted() }
    }
}
