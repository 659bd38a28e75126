internal import ConsulModel
internal import ConsulState
internal import NIOCore
internal import Synchronization

/// A blocking query that waits for its region to change. What it reads and whom it answers, a
/// subclass knows.
class Waiter: @unchecked Sendable {
    let region: Region
    let deadline: NIODeadline
    let lane: WakeLane
    /// Where it stands in its bucket; -1 when in none. The hub's lock guards it.
    var place = -1
    private let answered = Atomic(false)

    init(region: Region, deadline: NIODeadline, lane: WakeLane) {
        self.region = region
        self.deadline = deadline
        self.lane = lane
    }

    var isAnswered: Bool { answered.load(ordering: .acquiring) }

    /// True for the first caller only, who then gives the answer.
    func claim() -> Bool {
        answered.compareExchange(
            expected: false, desired: true, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Reads again; answers when the index is another than the one that the caller knows.
    ///
    /// - Returns: true when the waiter is answered, now or before.
    func look(at snapshot: Snapshot) -> Bool {
        preconditionFailure("a waiter without a query")
    }

    /// Answers with the state as it is.
    func expire(_ snapshot: Snapshot) { preconditionFailure("a waiter without a query") }

    func fail(_ error: ConsulError) { preconditionFailure("a waiter without a query") }
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
