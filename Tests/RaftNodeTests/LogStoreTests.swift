import Foundation
import Raft
import Testing

@testable import RaftNode

/// The guarantees of every log store, and of a log that was closed and opened again.
@Suite(.serialized) struct LogStoreTests {
    private func eachStore(_ body: (any LogStore) throws -> Void) throws {
        try body(MemoryLogStore())
        let folder = try Folder()
        try body(try SQLiteLogStore(directory: folder.path))
    }

    @Test func anEmptyLogHoldsNothing() throws {
        try eachStore { (store: any LogStore) throws in
            #expect(store.firstIndex == 0)
            #expect(store.lastIndex == 0)
            #expect(store.term(at: 1) == nil)
            #expect(try store.hardState() == HardState())
        }
    }

    @Test func entriesAreReadInParts() throws {
        try eachStore { (store: any LogStore) throws in
            try store.write(
                hardState: HardState(term: 3, vote: "b"), truncateFrom: nil,
                entries: entries(1...10) + entries(11...20, term: 3))
            #expect(try store.hardState() == HardState(term: 3, vote: "b"))
            #expect((store.firstIndex, store.lastIndex) == (1, 20))
            #expect([1, 10, 11, 20, 21].map { store.term(at: $0) } == [1, 1, 3, 3, nil])
            #expect(try store.entries(5...12, bytesMax: .max) == Array(contents(store)[4..<12]))
            #expect(try store.entries(5...12, bytesMax: 60).map(\.index) == [5, 6, 7])
            #expect(try store.entries(5...12, bytesMax: 0).map(\.index) == [5])
        }
    }

    @Test func truncatesCompactsAndBeginsAnew() throws {
        try eachStore { (store: any LogStore) throws in
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(1...20))
            try store.write(hardState: nil, truncateFrom: 15, entries: entries(15...16, term: 2))
            #expect((store.lastIndex, store.term(at: 14), store.term(at: 15)) == (16, 1, 2))
            try store.compact(through: 10)
            #expect((store.firstIndex, store.lastIndex) == (11, 16))
            #expect((store.term(at: 10), store.term(at: 11)) == (nil, 1))
            #expect(try contents(store) == entries(11...14) + entries(15...16, term: 2))
            try store.compact(through: 16)
            #expect((store.firstIndex, store.lastIndex) == (0, 0))
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(17...18, term: 2))
            #expect((store.firstIndex, store.lastIndex) == (17, 18))
            try store.reset(after: 100)
            #expect((store.firstIndex, store.lastIndex) == (0, 0))
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(101...102, term: 4))
            #expect(try contents(store) == entries(101...102, term: 4))
        }
    }

    /// Any writes, in both stores: the same log, also after each opening.
    @Test(arguments: 1...6)
    func memoryAndDiskAgree(_ seed: UInt64) throws {
        var random = seed
        func draw(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        let folder = try Folder()
        let memory = MemoryLogStore()
        var disk = try SQLiteLogStore(directory: folder.path)
        var term: UInt64 = 1
        var end: UInt64 = 0
        for step in 0..<60 {
            switch draw(12) {
            case 0:
                try memory.compact(through: end / 2)
                try disk.compact(through: end / 2)
            case 1:
                end += 10
                try memory.reset(after: end)
                try disk.reset(after: end)
            case 2:
                try disk.close()
                disk = try reopened(&disk, folder)
            default:
                term += draw(2)
                let first = memory.lastIndex == 0 ? end + 1 : max(memory.firstIndex, end - draw(3))
                let from = first <= end ? first : nil
                let start = from ?? end + 1
                let new = entries(start...(start + draw(80)), term: term, size: Int(draw(400)))
                let state = HardState(term: term, vote: "v\(draw(3))")
                try memory.write(hardState: state, truncateFrom: from, entries: new)
                try disk.write(hardState: state, truncateFrom: from, entries: new)
                end = new.last?.index ?? end
            }
            #expect(try memory.hardState() == disk.hardState())
            #expect((memory.firstIndex, memory.lastIndex) == (disk.firstIndex, disk.lastIndex))
            if step % 6 > 0 { continue }
            let isSame = try contents(memory) == contents(disk)
            #expect(isSame)
        }
    }

    private func reopened(
        _ store: inout SQLiteLogStore, _ folder: Folder
    ) throws -> SQLiteLogStore {
        // The lock ends with the store: the open one must be released before the next begins.
        let copy = try folder.copy()
        defer { withExtendedLifetime(copy) {} }
        store = try SQLiteLogStore(directory: copy.path)
        return try SQLiteLogStore(directory: folder.path)
    }

    @Test func aSecondServerIsRefused() throws {
        let folder = try Folder()
        let store = try SQLiteLogStore(directory: folder.path)
        #expect(throws: RaftNodeError.locked(path: "\(folder.path)/lock")) {
            try SQLiteLogStore(directory: folder.path)
        }
        #expect(
            "\(RaftNodeError.locked(path: "d/lock"))"
                == "another consul runs on this data directory: d/lock is locked")
        try store.close()
    }

    @Test func onlyItsOwnerMayRead() throws {
        let folder = try Folder()
        let store = try SQLiteLogStore(directory: folder.path)
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(1...3))
        for (name, mode) in [("", 0o700), ("/log.sqlite", 0o600), ("/log.sqlite-wal", 0o600)] {
            let found = try FileManager.default.attributesOfItem(atPath: folder.path + name)
            #expect(found[.posixPermissions] as? Int == mode, "\(name)")
        }
    }

    @Test func unclosedStoreKeepsItsEntries() throws {
        let folder = try Folder()
        let store = try SQLiteLogStore(directory: folder.path)
        for index in 1...50 {
            try store.write(
                hardState: HardState(term: 1, vote: "x"), truncateFrom: nil,
                entries: entries(UInt64(index)...UInt64(index)))
        }
        let copy = try folder.copy()
        let crashed = try SQLiteLogStore(directory: copy.path)
        #expect(try contents(crashed) == entries(1...50))
        #expect(try crashed.hardState().vote == "x")
    }
}
