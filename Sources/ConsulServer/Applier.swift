package import ConsulState
internal import Synchronization

/// Carries committed commands out: applies them, publishes one snapshot for the batch, then wakes
/// the waiters whose region the batch met. A consensus log calls it, one batch after another.
package final class Applier: Sendable {
    package let state: PublishedState
    package let hub: WatchHub
    private let machine: Mutex<FSM>

    package init(state: PublishedState, hub: WatchHub) {
        self.state = state
        self.hub = hub
        machine = Mutex(FSM(store: state.load().store))
    }

    /// - Parameter batch: not empty, in order of the indexes.
    /// - Returns: the results in the same order. Reads see them all by then.
    package func apply(_ batch: [(index: UInt64, command: Command)]) -> [CommandResult] {
        guard let last = batch.last else { return [] }
        var changes = Changes()
        var results: [CommandResult] = []
        results.reserveCapacity(batch.count)
        // Published inside the lock, so that snapshots come in order whoever calls.
        machine.withLock { machine in
            for (index, command) in batch {
                let (result, touched) = machine.apply(index, command)
                results.append(result)
                changes.merge(touched)
            }
            state.publish(Snapshot(store: machine.store, index: last.index))
        }
        hub.wake(changes)
        return results
    }
}
