import ConsulModel
import ConsulState
import Primitives
import Testing
import Wire

/// Commands about keys are the same once written and read back: a leader carries out the commands
/// in its tickets, the other servers those that they decode.
@Suite struct ReadBackTests {
    private func randomEntry(_ random: inout SeededRandom) -> KVEntry {
        var entry = KVEntry()
        entry.key = String((0..<Int(random.next() % 12)).map { _ in "ab/é\0".randomElement()! })
        entry.value = Bytes((0..<Int(random.next() % 40)).map { _ in UInt8.random(in: 0...255) })
        entry.flags = random.next()
        entry.session = random.next() % 2 == 0 ? "" : "00000000-0000-0000-0000-000000000001"
        entry.lockIndex = random.next() % 3
        entry.raftIndex = RaftIndex(create: random.next() % 9, modify: random.next())
        if random.next() % 2 == 0 {
            entry.expires = KVExpiry(unixNanoseconds: Int64(random.next() >> 2))
        } else if random.next() % 2 == 0 {
            entry.lease = "the/lease"
        }
        return entry
    }

    @Test func keyCommandsDecodeToThemselves() throws {
        var random = SeededRandom(seed: 11)
        let verbs: [KVOperation] = [
            .set, .cas, .delete, .deleteCAS, .deleteTree, .lock, .unlock,
        ]
        for _ in 0..<500 {
            let verb = verbs[Int(random.next() % UInt64(verbs.count))]
            var request = KVSRequest(verb, randomEntry(&random))
            request.datacenter = "dc1"
            guard case .kvs(let back) = try Command(decoding: Command.kvs(request).encoded())
            else {
                Issue.record("another command")
                return
            }
            #expect(back == request)
            var txn = TxnRequest()
            txn.operations = (0..<5).map { _ in
                TxnOperation(TxnKVOperation("check-index", randomEntry(&random)))
            }
            guard case .txn(let same) = try Command(decoding: Command.txn(txn).encoded()) else {
                Issue.record("another command")
                return
            }
            #expect(same == txn)
        }
    }
}
