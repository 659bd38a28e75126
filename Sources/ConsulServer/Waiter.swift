internal import ConsulModel
internal import ConsulState
internal import NIOCore
internal import Synchronization

/// A blocking query that waits for its region to change. What it reads and whom it answers, a
/// subclass knows.
class Waiter: @unchecked Sendable {
    enum Event {
        /// Read again; answer when the index is another than the one that the caller knows.
        case look(SharedReading)
        /// Answer with the state as it is.
        case expire(SharedReading)
        case fail(ConsulError)
    }

    /// - Returns: true when the waiter is answered, now or before.
    typealias Handler = @Sendable (Waiter, Event) -> Bool

    let region: Region
    let deadline: NIODeadline
    let lane: WakeLane
    /// The index in its bucket; -1 when in none. The lock of the hub guards it.
    final var slot = -1
    private let answered = Atomic(false)
    private let handler: Handler

    /// - Parameter handler: instead of a method that a subclass overrides, which for a subclass
    ///   with type parameters would look up at every step what types they stand for.
    init(region: Region, deadline: NIODeadline, lane: WakeLane, handler: @escaping Handler) {
        self.region = region
        self.deadline = deadline
        self.lane = lane
        self.handler = handler
    }

    final var isAnswered: Bool { answered.load(ordering: .acquiring) }

    /// True for the first caller only, who then gives the answer.
    final func claim() -> Bool {
        answered.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// - Returns: true when the waiter is answered, now or before.
    @discardableResult
    final func take(_ event: Event) -> Bool { handler(self, event) }
}

/// A waiter's handle for the caller.
final class ParkedCall: PendingCall {
    private let waiter: Waiter
    private let hub: WatchHub

    init(_ waiter: Waiter, _ hub: WatchHub) {
        self.waiter = waiter
        self.hub = hub
    }

    func cancel() { hub.giveUp(waiter, ConsulError(.cancelled, "The query was given up")) }
}
