import ConsulModel
import ConsulState
import Raft
import RaftNode
import Testing
import Wire

@testable import ConsulServer

/// A view for readers is made before a batch that may take long. The commands of a batch
/// decide, whether they come with contexts or have to be decoded.
@Suite struct LongBatchTests {
    @Test(arguments: [KVOperation.set, .cas, .delete, .deleteCAS, .lock, .unlock])
    func changesOfAKeyAreBrief(operation: KVOperation) {
        expect(isLong: false, [kvs(operation)])
    }

    @Test func changesOfManyRecordsAreNotBrief() {
        expect(isLong: true, [kvs(.set), kvs(.deleteTree)])
        expect(isLong: true, [.deregister(DeregisterRequest())])
        expect(isLong: true, [.session(SessionRequest())])
        expect(isLong: true, Array(repeating: kvs(.set), count: 65))
        expect(isLong: false, Array(repeating: kvs(.set), count: 64))
    }

    @Test func transactionsAreAsLongAsTheirOperations() {
        expect(isLong: false, [transaction("set", "delete", "lock")])
        expect(isLong: true, [transaction("set", "delete-tree")])
        var request = TxnRequest()
        request.operations = [TxnOperation()]
        request.operations[0].node = TxnNodeOperation()
        expect(isLong: true, [.txn(request)])
    }

    /// A value that names an operation is no operation.
    @Test func textOfAValueDoesNotCount() {
        var entry = KVEntry()
        entry.key = "delete-tree"
        entry.value = "delete-tree"
        expect(isLong: false, [.kvs(KVSRequest(.set, entry))])
    }

    @Test func chunkMayCompleteAnyCommand() {
        var piece = LogEntry(index: 1, term: 1, kind: .command, data: [1, 2, 3])
        piece.extensions = [8, 1]
        var decoded: [Command?] = []
        #expect(LongBatch.isLong(CommittedBatch([piece]), decoding: &decoded))
        #expect(decoded.allSatisfy { $0 == nil })
    }

    private func expect(isLong: Bool, _ commands: [Command]) {
        let made = commands.map { ProposedCommand.make($0) }
        let entries = made.enumerated().map { slot, made in
            LogEntry(index: UInt64(slot + 1), term: 1, kind: .command, data: made.data)
        }
        var decoded: [Command?] = []
        let contexts = made.map { $0.context }
        #expect(
            LongBatch.isLong(CommittedBatch(entries, contexts: contexts), decoding: &decoded)
                == isLong)
        #expect(decoded.isEmpty)
        #expect(LongBatch.isLong(CommittedBatch(entries), decoding: &decoded) == isLong)
        if !isLong { #expect(decoded.count == entries.count && decoded.allSatisfy { $0 != nil }) }
    }

    private func kvs(_ operation: KVOperation) -> Command {
        var entry = KVEntry()
        entry.key = "a"
        entry.value = "value"
        var request = KVSRequest(operation, entry)
        request.datacenter = String(repeating: "d", count: 63)
        return .kvs(request)
    }

    private func transaction(_ verbs: String...) -> Command {
        var entry = KVEntry()
        entry.key = "a"
        var request = TxnRequest()
        request.operations = verbs.map { TxnOperation(TxnKVOperation($0, entry)) }
        return .txn(request)
    }
}
