import ConsulModel
import ConsulServer
import ConsulState
import Raft
import RaftNode
import Testing
import Wire

/// Saving while others write.
@Suite struct SaveTests {
    /// An archive's index is at or above that of every record in it: a restored state continues
    /// from there.
    @Test func archiveHasTheIndexOfItsNewestRecord() async throws {
        let server = try Server()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for writer in 0..<4 {
                tasks.addTask {
                    for number in 0..<400 {
                        var entry = KVEntry()
                        entry.key = "k\(writer)"
                        entry.value = Bytes("\(number)")
                        _ = try await server.backend.call(.kvsApply, KVSRequest(.set, entry))
                    }
                }
            }
            for _ in 0..<40 {
                let request = SnapshotSaveRequest()
                let archive = try await server.backend.call(.snapshotSave, request)
                let reader = SnapshotArchiveReader()
                var restore = StateRestore()
                try reader.receive(archive.bytes) { try restore.receive($0) }
                let meta = try reader.finish()
                let (machine, lastIndex) = try restore.finish()
                let newest = machine.store.kvs.list("").value.map(\.raftIndex.modifyIndex).max()
                #expect(newest ?? 0 <= meta.index)
                #expect(lastIndex == meta.index && archive.meta.index == meta.index)
            }
            try await tasks.waitForAll()
        }
    }
}
