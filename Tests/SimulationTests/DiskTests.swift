import Primitives
import Raft
import SimulationKit
import Testing

@Suite struct DiskTests {
    private func entry(_ index: LogIndex) -> LogEntry {
        LogEntry(index: index, term: 1, kind: .command, data: [1, 2, 3, 4])
    }

    private func disk(synced: LogIndex, written: LogIndex) -> SimulatedDisk {
        var disk = SimulatedDisk()
        let state = HardState(term: 1, vote: "s1")
        var entries = (1...synced).map { entry($0) }
        _ = disk.write(.persist(Persist(sequence: 1, hardState: state, entries: entries)))
        _ = disk.sync()
        entries = (synced + 1...written).map { entry($0) }
        _ = disk.write(.persist(Persist(sequence: 2, entries: entries)))
        return disk
    }

    @Test func syncedWritesSurvive() {
        for seed in UInt64(1)...50 {
            var disk = disk(synced: 3, written: 6)
            var random = SeededRandom(seed: seed)
            disk.crash(&random)
            let stored = disk.recover()
            #expect(stored.hardState.term == 1)
            #expect(disk.log.lastIndex >= 3)
            #expect(disk.log.items.allSatisfy { $0.data == [1, 2, 3, 4] })
        }
    }

    @Test func unsyncedWritesMayBeLostPartly() {
        var found: Set<LogIndex> = []
        for seed in UInt64(1)...100 {
            var disk = disk(synced: 3, written: 6)
            var random = SeededRandom(seed: seed)
            disk.crash(&random)
            _ = disk.recover()
            found.insert(disk.log.lastIndex)
        }
        #expect(found.isSuperset(of: [3, 4, 6]))
    }

    @Test func readerWithoutAChecksumSeesTheTornRecord() {
        let torn = (UInt64(1)...100).contains { seed in
            var disk = disk(synced: 3, written: 6)
            disk.keepsTornRecord = true
            var random = SeededRandom(seed: seed)
            disk.crash(&random)
            _ = disk.recover()
            return disk.log.items.contains { $0.data.count != 4 }
        }
        #expect(torn)
    }

    @Test func theNthOperationFails() {
        var disk = SimulatedDisk()
        disk.failsAt = 2
        let write = SimulatedDisk.Write.persist(Persist(sequence: 1, entries: [entry(1)]))
        let done = [disk.write(write), disk.sync(), disk.sync()]
        #expect(done == [true, false, true])
    }
}
