import ConsulModel
import ConsulState
import Testing

@Suite struct GraveyardTests {
    /// More deletions than are remembered: no prefix's index goes back, and one whose deletion was
    /// forgotten counts as touched.
    @Test func forgettingMovesIndexesUpOnly() {
        var machine = FSM()
        var index: UInt64 = 1
        func write(_ operation: KVOperation, _ key: String) {
            index += 1
            var entry = KVEntry()
            entry.key = key
            _ = machine.apply(index, .kvs(KVSRequest(operation, entry)))
        }
        write(.set, "kept/a")
        write(.set, "kept/b")
        write(.delete, "kept/b")
        let deleted = machine.store.kvs.list("kept/").index
        #expect(deleted == 4)
        for number in 0..<Limits.tombstonesMax {
            write(.set, "flood/\(number)")
            write(.delete, "flood/\(number)")
        }
        machine.checkInvariants()
        #expect(machine.store.kvs.list("kept/").index > deleted)
        #expect(machine.store.kvs.list("flood/").index == index)
        #expect(machine.store.kvs.get("kept/a").index == 2)
    }
}
