internal import ConsulState
internal import Platform
internal import Primitives
package import Raft
package import RaftNode
internal import Synchronization
internal import Telemetry

/// Connects Raft to `FSM`: applies the committed commands of a batch, invalidates the published
/// view once, then wakes the waiters whose region the batch changed.
package final class Applier: StateMachine {
    package let state: PublishedState
    package let hub: WaiterHub

    private struct Applied: Sendable {
        var fsm: FSM
        /// The index of the newest applied command.
        var lastIndex: LogIndex = 0
        var generation: UInt64 = 0

        var view: StateView {
            StateView(store: fsm.store, index: lastIndex, generation: generation)
        }
    }
    /// Shared with the maker of views, which must not retain the applier.
    private final class Guarded: Sendable {
        let applied: Mutex<Applied>
        init(_ applied: Applied) { self.applied = Mutex(applied) }
    }
    private let guarded: Guarded

    private let lockDelays: LockDelays
    private let metrics: ServerMetrics

    package init(
        state: PublishedState, hub: WaiterHub, lockDelays: LockDelays,
        metrics: ServerMetrics = ServerMetrics()
    ) {
        self.metrics = metrics
        self.state = state
        self.lockDelays = lockDelays
        self.hub = hub
        let first = state.load()
        let guarded = Guarded(
            Applied(
                fsm: FSM(store: first.store), lastIndex: first.index,
                generation: first.generation))
        self.guarded = guarded
        state.setMaker { [unowned state] in
            // Published under the lock, so that views are published in order by any thread.
            guarded.applied.withLock { applied in
                if let view = state.current { return view }
                let view = applied.view
                state.publish(view)
                return view
            }
        }
    }

    package func apply(_ batch: CommittedBatch) throws {
        guard let last = batch.entries.last else { return }
        var changes = Changes()
        try guarded.applied.withLock { applied in
            var decoded: [Command?] = []
            // Readers use the state before the batch, instead of waiting for the lock.
            if state.current == nil, LongBatch.isLong(batch, decoding: &decoded) {
                state.publish(applied.view)
            }
            let begin = SystemClock.now()
            var start = begin
            for (slot, entry) in batch.entries.enumerated() {
                if let command = ProposedCommand.of(batch.context(at: slot)) {
                    command.result = try command.carryOut(entry, by: &applied.fsm, &changes)
                } else if slot < decoded.count, let command = decoded[slot] {
                    _ = applied.fsm.applyCommand(entry.index, command, &changes)
                } else {
                    _ = try applied.fsm.applyEntry(
                        entry.index, term: entry.term, data: entry.data,
                        extensions: entry.extensions, &changes)
                }
                let end = SystemClock.now()
                if let kind = applied.fsm.lastKind {
                    metrics.commands[kind.slot].record(end - start)
                }
                start = end
            }
            metrics.fsmApply.record(start - begin)
            applied.lastIndex = last.index
            // Before a reader can see that the keys are free.
            lockDelays.note(changes.lostLocks)
            state.outdate()
        }
        hub.wake(changes)
    }

    package func image(lastIndex: LogIndex) -> any StateImage {
        guarded.applied.withLock { Image(of: $0.fsm, lastIndex: lastIndex) }
    }

    /// Returns the state and its index, read together.
    ///
    /// - Parameter index: a lower bound of the returned index, which counts entries other than
    ///   commands too.
    func newest(atLeast index: LogIndex) -> (image: any StateImage, index: LogIndex) {
        guarded.applied.withLock { applied in
            let index = max(index, applied.lastIndex)
            return (Image(of: applied.fsm, lastIndex: index), index)
        }
    }

    package func restore(_ next: () throws -> [UInt8]?) throws {
        var restore = StateRestore()
        while let piece = try next() { try restore.receive(piece) }
        let (fsm, lastIndex) = try restore.finish()
        guarded.applied.withLock { applied in
            applied = Applied(
                fsm: fsm, lastIndex: lastIndex, generation: applied.generation + 1)
            lockDelays.forgetAll()
            state.publish(
                StateView(
                    store: fsm.store, index: lastIndex, generation: applied.generation))
        }
        hub.wakeAll()
    }

    struct Image: StateImage {
        private var snapshot: StateSnapshot
        init(of fsm: FSM, lastIndex: LogIndex) {
            snapshot = StateSnapshot(of: fsm, lastIndex: lastIndex)
        }
        mutating func next() -> [UInt8]? { snapshot.next() }
    }
}
