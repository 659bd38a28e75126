internal import ConsulState
internal import Platform
internal import Primitives
package import Raft
package import RaftNode
internal import Synchronization
internal import Telemetry

/// The state machine of the replicated log: carries committed commands out, outdates the published
/// snapshot once for a batch, then wakes the waiters whose region the batch met.
package final class Applier: StateMachine {
    package let state: PublishedState
    package let hub: WatchHub

    private struct Machine: Sendable {
        var fsm: FSM
        /// Of the newest command that it knows.
        var lastIndex: LogIndex = 0
        /// What became of the newest commands, for those who proposed them; in order.
        var results: [(index: LogIndex, result: CommandResult)] = []
        var taken = 0
        var generation: UInt64 = 0

        var snapshot: Snapshot {
            Snapshot(store: fsm.store, index: lastIndex, generation: generation)
        }
    }
    /// Held by the published state too, which the applier holds.
    private final class Guarded: Sendable {
        let machine: Mutex<Machine>
        init(_ machine: Machine) { self.machine = Mutex(machine) }
    }
    private let guarded: Guarded

    private let lockDelays: LockDelays
    /// What this server's own entries say.
    let proposed = ProposedCommands()
    private let metrics: ServerMetrics

    package init(
        state: PublishedState, hub: WatchHub, lockDelays: LockDelays,
        metrics: ServerMetrics = ServerMetrics()
    ) {
        self.metrics = metrics
        self.state = state
        self.lockDelays = lockDelays
        self.hub = hub
        let first = state.load()
        let guarded = Guarded(
            Machine(
                fsm: FSM(store: first.store), lastIndex: first.index,
                generation: first.generation))
        self.guarded = guarded
        state.renewed { [unowned state] in
            // Published inside the lock, so that snapshots come in order whoever calls.
            guarded.machine.withLock { machine in
                if let snapshot = state.current { return snapshot }
                let snapshot = machine.snapshot
                state.publish(snapshot)
                return snapshot
            }
        }
    }

    package func apply(_ entries: [LogEntry]) throws {
        guard let last = entries.last else { return }
        var changes = Changes()
        try guarded.machine.withLock { machine in
            if machine.results.count > Limits.resultsKeptMax {
                machine.results = []
                machine.taken = 0
            }
            // Readers go on with the state before it, instead of waiting for the lock.
            if state.current == nil, LongBatch.isOne(entries) {
                state.publish(machine.snapshot)
            }
            let begin = SystemClock.now()
            var start = begin
            for entry in entries {
                if entry.extensions.isEmpty, let command = proposed.take(entry.data) {
                    command.result = command.carryOut(
                        by: &machine.fsm, at: entry.index, &changes)
                } else {
                    let result = try machine.fsm.apply(
                        entry.index, term: entry.term, data: entry.data,
                        extensions: entry.extensions, &changes)
                    machine.results.append((entry.index, result))
                }
                let end = SystemClock.now()
                if let kind = machine.fsm.lastKind {
                    metrics.commands[kind.place].record(end - start)
                }
                start = end
            }
            metrics.fsmApply.record(start - begin)
            machine.lastIndex = last.index
            // Before anybody can see that the keys are free.
            lockDelays.note(changes.lostLocks)
            state.outdate()
        }
        hub.wake(changes)
    }

    /// What became of the command at `index`. Asked for in the order of the indexes, each at most
    /// once, and before much else is applied.
    func takeResult(at index: LogIndex) -> CommandResult {
        guarded.machine.withLock { machine in
            var place = machine.taken <= machine.results.count ? machine.taken : 0
            while place < machine.results.count, machine.results[place].index < index { place += 1 }
            guard place < machine.results.count, machine.results[place].index == index else {
                preconditionFailure("the result of entry \(index) is not kept")
            }
            let result = machine.results[place].result
            machine.taken = place + 1
            if machine.taken == machine.results.count {
                machine.results.removeAll(keepingCapacity: machine.results.capacity <= 4096)
                machine.taken = 0
            }
            return result
        }
    }

    package func image(lastIndex: LogIndex) -> any StateImage {
        guarded.machine.withLock { Image(of: $0.fsm, lastIndex: lastIndex) }
    }

    /// The state and how new it is, of one moment.
    ///
    /// - Parameter index: what it knows at least, commands and others.
    func newest(atLeast index: LogIndex) -> (image: any StateImage, index: LogIndex) {
        guarded.machine.withLock { machine in
            let index = max(index, machine.lastIndex)
            return (Image(of: machine.fsm, lastIndex: index), index)
        }
    }

    package func restore(_ next: () throws -> [UInt8]?) throws {
        var restore = StateRestore()
        while let piece = try next() { try restore.receive(piece) }
        let (fsm, lastIndex) = try restore.finish()
        guarded.machine.withLock { machine in
            machine = Machine(
                fsm: fsm, lastIndex: lastIndex, generation: machine.generation + 1)
            lockDelays.forgetAll()
            state.publish(
                Snapshot(
                    store: fsm.store, index: lastIndex, generation: machine.generation))
        }
        hub.wakeAll()
    }

    struct Image: StateImage {
        private var snapshot: StateSnapshot
        init(of machine: FSM, lastIndex: LogIndex) {
            snapshot = StateSnapshot(of: machine, lastIndex: lastIndex)
        }
        mutating func next() -> [UInt8]? { snapshot.next() }
    }
}
