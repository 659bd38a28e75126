import ConsulModel
import ConsulState
import NIOPosix
import Primitives
import Raft
import RaftNode
import Synchronization
import Testing
import Wire

@testable import ConsulServer

/// Results go to the contexts of their entries alone.
@Suite struct ApplierTests {
    private let applier: Applier
    private let state = PublishedState(StateView(store: StateStore(), index: 0))

    init() {
        let hub = WaiterHub(
            state: state, group: Server.group, configuration: ServerConfiguration())
        applier = Applier(state: state, hub: hub, lockDelays: LockDelays(clock: { .zero }))
    }

    /// Counts the contexts that exist.
    private final class CountedContext: ProposedCommand, @unchecked Sendable {
        let live: Live
        init(_ live: Live) {
            self.live = live
            live.count.wrappingAdd(1, ordering: .relaxed)
            super.init(isBrief: false)
        }
        deinit { live.count.wrappingSubtract(1, ordering: .relaxed) }
    }
    private final class Live: Sendable {
        let count = Atomic(0)
        var now: Int { count.load(ordering: .relaxed) }
    }

    private static func entry(_ index: UInt64, _ command: Command) -> LogEntry {
        LogEntry(index: index, term: 1, kind: .command, data: command.encoded())
    }

    private static func reap(_ index: UInt64) -> Command { .reapTombstones(through: index) }

    @Test func aCommitOf100_000EntriesGivesEachItsResult() throws {
        let live = Live()
        let count = 100_000
        func run() throws {
            let data = Self.reap(1).encoded()
            let entries = (1...UInt64(count)).map {
                LogEntry(index: $0, term: 1, kind: .command, data: data)
            }
            let contexts = entries.map { _ in CountedContext(live) }
            #expect(live.now == count)
            try applier.apply(CommittedBatch(entries, contexts: contexts))
            #expect(contexts.allSatisfy { $0.result == .done })
        }
        try run()
        #expect(live.now == 0)
        #expect(state.load().index == UInt64(count))
    }

    /// The batches of a follower, without contexts. Only the state remains.
    @Test func entriesOfAnotherLeaderLeaveNoResults() throws {
        let live = Live()
        let batches: UInt64 = 1_000
        // An unknown type that may be ignored: the cheapest command to decode.
        let data: [UInt8] = [255]
        for batch in 0..<batches {
            let first = batch * 1_000 + 1
            try applier.apply(
                CommittedBatch(
                    (first..<first + 1_000).map {
                        LogEntry(index: $0, term: 1, kind: .command, data: data)
                    }))
        }
        // The first context after them gets the result of its own entry.
        let last = batches * 1_000 + 1
        func run() throws {
            let context = CountedContext(live)
            var entry = KVEntry()
            entry.key = "a"
            try applier.apply(
                CommittedBatch(
                    [Self.entry(last, .kvs(KVSRequest(.cas, entry)))], contexts: [context]))
            #expect(context.result == .applied(true))
        }
        try run()
        #expect(live.now == 0)
        #expect(state.load().index == last)
        #expect(state.load().store.kvs.count == 1)
    }

    /// Entries with and without contexts in one batch, whole and cut, have the same effect.
    @Test func contextsDoNotChangeTheState() throws {
        let commands: [Command] = (0..<50).map { number in
            var entry = KVEntry()
            entry.key = "k\(number % 7)"
            entry.value = Bytes("\(number)")
            return .kvs(KVSRequest(number % 5 == 4 ? .delete : .set, entry))
        }
        let made = commands.map { ProposedCommand.make($0) }
        let entries = made.enumerated().map { slot, made in
            LogEntry(index: UInt64(slot + 1), term: 1, kind: .command, data: made.data)
        }
        let other = ApplierTests()
        try applier.apply(
            CommittedBatch(
                entries,
                contexts: made.enumerated().map { $0 % 3 == 0 ? nil : $1.context }))
        try other.applier.apply(CommittedBatch(entries))
        for (slot, made) in made.enumerated() {
            #expect(made.context.result == (slot % 3 == 0 ? nil : .applied(true)))
        }
        let (here, there) = (state.load().store, other.state.load().store)
        #expect(here.kvs.list("").value == there.kvs.list("").value)
    }

    @Test func theLastPieceOfACutCommandGetsTheResult() throws {
        var entry = KVEntry()
        entry.key = "big"
        entry.value = Bytes([UInt8](repeating: 7, count: 1_200_000))
        let (context, data) = ProposedCommand.make(.kvs(KVSRequest(.set, entry)))
        let pieces = CommandChunks.cut(data, operation: 9)
        let entries = pieces.enumerated().map { slot, piece in
            LogEntry(
                index: UInt64(slot + 1), term: 1, kind: .command, data: piece.data,
                extensions: piece.extensions)
        }
        #expect(entries.count == 3)
        try applier.apply(CommittedBatch(entries, contexts: [nil, nil, context]))
        #expect(context.result == .applied(true))
        #expect(state.load().store.kvs.get("big").value?.value == entry.value)
    }
}
