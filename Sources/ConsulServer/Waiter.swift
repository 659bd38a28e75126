internal import ConsulModel
internal import ConsulState
internal import NIOCore
internal import Synchronization

/// A blocking query that waits for a change of its region. A subclass has the read and its reply.
class Waiter: @unchecked Sendable {
    enum Event {
        /// Read again; answer when the index is above the caller's.
        case look(SharedReading)
        /// Answer with the present state.
        case expire(SharedReading)
        case fail(ConsulError)
    }

    /// - Returns: true when the waiter is answered, now or before.
    typealias Handler = @Sendable (Waiter, Event) -> Bool

    let region: Region
    let deadline: NIODeadline
    let lane: WakeLane
    /// The index in its bucket; -1 when in none. The hub's lock guards it.
    final var slot = -1
    private let answered = Atomic(false)
    private let handler: Handler

    /// - Parameter handler: replaces an overridden method, which in a generic subclass would look
    ///   its type arguments up at every call.
    init(region: Region, deadline: NIODeadline, lane: WakeLane, handler: @escaping Handler) {
        self.region = region
        self.deadline = deadline
        self.lane = lane
        self.handler = handler
    }

    final var isAnswered: Bool { answered.load(ordering: .acquiring) }

    /// Returns true for the first caller only, which then gives the answer.
    final func claim() -> Bool {
        answered.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Passes the event to the subclass's handler.
    ///
    /// - Returns: true when the waiter is answered, now or before.
    @discardableResult
    final func handle(_ event: Event) -> Bool { handler(self, event) }
}

/// The caller's handle of a waiter.
final class ParkedCall: PendingCall {
    private let waiter: Waiter
    private let hub: WaiterHub

    init(_ waiter: Waiter, _ hub: WaiterHub) {
        self.waiter = waiter
        self.hub = hub
    }

    func cancel() { hub.giveUp(waiter, ConsulError(.cancelled, "The query was given up")) }
}
