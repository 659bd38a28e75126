import ConsulModel
import Testing
import Wire

@testable import ConsulState

@Suite struct GraveyardTests {
    /// A machine with operations on keys, each applied at the next index.
    private struct Keys {
        var machine = FSM()
        var index: UInt64 = 1

        mutating func write(_ operation: KVOperation, _ key: String) {
            index += 1
            var entry = KVEntry()
            entry.key = key
            _ = machine.applyCommand(index, .kvs(KVSRequest(operation, entry)))
        }
    }

    /// More deletions than the bound: no prefix's index goes back, and a prefix whose deletion was
    /// forgotten counts as touched.
    @Test func forgettingMovesIndexesUpOnly() {
        var keys = Keys()
        keys.write(.set, "kept/a")
        keys.write(.set, "kept/b")
        keys.write(.delete, "kept/b")
        let deleted = keys.machine.store.kvs.list("kept/").index
        #expect(deleted == 4)
        for number in 0..<Limits.tombstonesMax {
            keys.write(.set, "flood/\(number)")
            keys.write(.delete, "flood/\(number)")
        }
        keys.machine.checkInvariants()
        #expect(keys.machine.store.kvs.list("kept/").index > deleted)
        #expect(keys.machine.store.kvs.list("flood/").index == keys.index)
        #expect(keys.machine.store.kvs.get("kept/a").index == 2)
    }

    private func restored(_ image: StateSnapshot) throws -> FSM {
        var image = image
        var restore = StateRestore()
        while let piece = image.next() { try restore.receive(piece) }
        return try restore.finish().machine
    }

    /// HashiCorp's servers cannot restore a tombstone without a key, and crash. None is written,
    /// and no index of a prefix goes back.
    @Test func deletingEverythingLeavesNoTombstoneWithoutAKey() throws {
        var keys = Keys()
        keys.write(.set, "a/x")
        keys.write(.set, "b/x")
        keys.write(.delete, "a/x")
        keys.write(.deleteTree, "")
        for found in [
            keys.machine,
            try restored(StateSnapshot(of: keys.machine, lastIndex: keys.index)),
        ] {
            found.checkInvariants()
            #expect(!found.store.kvs.hasTombstones(through: .max))
            for prefix in ["", "a/", "b/", "c/"] {
                #expect(found.store.kvs.list(prefix).index == keys.index, "\(prefix)")
            }
        }
        keys.write(.set, "a/y")
        keys.write(.delete, "a/y")
        #expect(keys.machine.store.kvs.list("a/").index == keys.index)
        #expect(keys.machine.store.kvs.list("b/").index == 5)
    }

    /// A restore repairs an archive of an earlier version that has such a tombstone.
    @Test func aTombstoneWithoutAKeyIsNotWrittenAgain() throws {
        var writer = MessagePackWriter()
        writer.record(SnapshotHead(lastIndex: 9))
        writer.byte(MessageType.tombstone)
        var entry = KVEntry()
        entry.flags = TombstoneSection.treeFlag
        entry.raftIndex.modifyIndex = 7
        entry.encode(to: &writer)
        var restore = StateRestore()
        try restore.receive(writer.output)
        let machine = try restore.finish().machine
        #expect(!machine.store.kvs.hasTombstones(through: .max))
        #expect(machine.store.kvs.list("any/").index == 7)
    }
}
