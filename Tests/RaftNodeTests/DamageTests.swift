import CSQLite
import Foundation
import Glibc
import Raft
import Synchronization
import Testing

@testable import RaftNode

/// Damage of a log by its disk: it is served as it was written, or an error names the file.
@Suite(.serialized) struct DamageTests {
    private static let written = entries(1...40) + entries(41...60, term: 2, size: 5_000)

    private func filled(_ folder: Folder) throws -> SQLiteLogStore {
        let store = try SQLiteLogStore(directory: folder.path)
        for start in stride(from: 0, to: Self.written.count, by: 10) {
            try store.write(
                hardState: HardState(term: 2, vote: "a"), truncateFrom: nil,
                entries: Array(Self.written[start..<(start + 10)]))
        }
        return store
    }

    private func closed() throws -> Folder {
        let folder = try Folder()
        let store = try filled(folder)
        try store.close()
        return folder
    }

    /// Checks that a damaged copy gives all that was written, or a named error.
    private func check(_ folder: Folder, _ what: String) {
        do {
            let store = try SQLiteLogStore(directory: folder.path)
            let found = try contents(store)
            #expect(found == Self.written, "\(what): \(found.count) entries")
        } catch let error as RaftNodeError {
            #expect("\(error)".contains(folder.path), "\(what): \(error)")
        } catch {
            Issue.record("\(what): \(error)")
        }
    }

    @Test func noFlippedByteOfTheFileIsServed() throws {
        let folder = try closed()
        let bytes = try folder.bytes("log.sqlite")
        for place in stride(from: 0, to: bytes.count, by: 293) {
            let copy = try Folder()
            try FileManager.default.createDirectory(
                atPath: copy.path, withIntermediateDirectories: true)
            try copy.write("lock", Array("closed\n".utf8))
            var changed = bytes
            changed[place] ^= 0x5A
            try copy.write("log.sqlite", changed)
            check(copy, "byte \(place)")
        }
    }

    @Test func noCutFileIsServed() throws {
        let folder = try closed()
        let bytes = try folder.bytes("log.sqlite")
        for count in stride(from: 0, to: bytes.count, by: 1_024) {
            let copy = try Folder()
            try FileManager.default.createDirectory(
                atPath: copy.path, withIntermediateDirectories: true)
            try copy.write("lock", Array("closed\n".utf8))
            try copy.write("log.sqlite", Array(bytes.prefix(count)))
            check(copy, "\(count) bytes")
            #expect(throws: RaftNodeError.self) { try SQLiteLogStore(directory: copy.path) }
        }
    }

    /// The journal: changed anywhere, it is refused. In its last transaction the change looks like
    /// a crash in the middle of it; only the record of that write reveals it.
    @Test func aChangedJournalIsRefused() throws {
        let folder = try Folder()
        let store = try filled(folder)
        let bytes = try folder.bytes("log.sqlite-wal")
        let frame = 4_096 + 24
        var refused = 0
        for place in stride(from: 0, to: bytes.count, by: frame / 3) {
            let copy = try folder.copy()
            var changed = bytes
            changed[place] ^= 0x5A
            try copy.write("log.sqlite-wal", changed)
            do {
                let damaged = try SQLiteLogStore(directory: copy.path)
                let found = try contents(damaged)
                #expect(found == Self.written)
            } catch let error as RaftNodeError {
                refused += 1
                #expect("\(error)".contains("log.sqlite-wal is damaged at "), "\(error)")
            }
        }
        #expect(refused > 20)
        try store.close()
    }

    @Test func missingFilesAreNamed() throws {
        let folder = try Folder()
        let store = try filled(folder)
        for name in ["log.sqlite", "log.sqlite-wal"] {
            let copy = try folder.copy()
            try copy.remove(name)
            #expect {
                try SQLiteLogStore(directory: copy.path)
            } throws: {
                "\($0)".hasPrefix("\(copy.path)/\(name) is damaged at its name")
            }
        }
        try store.close()
        let closed = try folder.copy()
        try closed.remove("log.sqlite-wal")
        check(closed, "closed, without a journal")
        try closed.remove("log.sqlite")
        #expect(throws: RaftNodeError.self) { try SQLiteLogStore(directory: closed.path) }
    }

    /// A file cut at any position, as by a crash that lost unsynced bytes: never a wrong entry.
    @Test func tornJournalGivesAPrefix() throws {
        let folder = try Folder()
        let store = try filled(folder)
        let bytes = try folder.bytes("log.sqlite-wal")
        for count in stride(from: 0, to: bytes.count, by: 1_371) {
            let copy = try folder.copy()
            try copy.write("log.sqlite-wal", Array(bytes.prefix(count)))
            do {
                let torn = try SQLiteLogStore(directory: copy.path)
                let found = try contents(torn)
                #expect(found == Array(Self.written.prefix(found.count)))
            } catch { #expect(error is RaftNodeError) }
        }
        try store.close()
    }

    // MARK: Operations that fail

    /// Operation 1, 2, 3 … fails and so do the later ones: everything acknowledged is there when
    /// the log opens again, whole writes only, nothing else.
    @Test(arguments: [IOFault.write, SQLITE_FULL])
    func noFailureLosesAcknowledgedWrites(_ code: Int32) throws {
        var isWhole = false
        var count = 0
        while !isWhole {
            let folder = try Folder()
            FaultyFiles.use(count, code: code)
            var acknowledged = 0
            do {
                let store = try SQLiteLogStore(directory: folder.path, vfs: FaultyFiles.name)
                for start in stride(from: 0, to: Self.written.count, by: 10) {
                    try store.write(
                        hardState: HardState(term: 2, vote: "a"), truncateFrom: nil,
                        entries: Array(Self.written[start..<(start + 10)]))
                    acknowledged = start + 10
                }
                try store.compact(through: 5)
                try store.close()
                isWhole = true
            } catch {
                #expect(error is RaftNodeError, "\(error)")
            }
            FaultyFiles.use(.max)
            let store = try SQLiteLogStore(directory: folder.path)
            let found = try contents(store)
            let end = Int(store.lastIndex)
            #expect(end >= acknowledged && end % 10 == 0, "operation \(count): \(end) entries")
            let first = max(0, Int(store.firstIndex) - 1)
            #expect(found == Array(Self.written[first..<end]), "operation \(count)")
            count += 1
        }
        #expect(count > 30)
    }

    @Test func readOnlyFileIsNamed() throws {
        let folder = try closed()
        FaultyFiles.use(.max)
        FaultyFiles.isReadOnly.store(true, ordering: .relaxed)
        defer { FaultyFiles.isReadOnly.store(false, ordering: .relaxed) }
        let error = RaftNodeError.readOnly(path: "\(folder.path)/log.sqlite")
        #expect(throws: error) {
            try SQLiteLogStore(directory: folder.path, vfs: FaultyFiles.name)
        }
        #expect("\(error)".contains("is read-only: check its owner, mode and file system"))
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["log.sqlite", "log.sqlite-wal", "lock"])
    func aSpecialFileIsNamedAndNotWaitedFor(name: String) throws {
        let folder = try closed()
        try folder.remove(name)
        #expect(mkfifo("\(folder.path)/\(name)", 0o600) == 0)
        #expect {
            _ = try SQLiteLogStore(directory: folder.path)
        } throws: { "\($0)" == "open \(folder.path)/\(name): it is a FIFO; remove it" }
        _ = try? StoreInspection.look(directory: folder.path) { _ in }
    }

    @Test func failedStoreRefusesWrites() throws {
        let folder = try Folder()
        FaultyFiles.use(.max)
        let store = try SQLiteLogStore(directory: folder.path, vfs: FaultyFiles.name)
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(1...3))
        FaultyFiles.use(0)
        #expect(throws: RaftNodeError.self) {
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(4...4))
        }
        FaultyFiles.use(.max)
        #expect {
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(4...4))
        } throws: {
            if case RaftNodeError.unusable = $0 { true } else { false }
        }
        #expect(store.lastIndex == 3)
    }

    /// It continues when there is room again.
    @Test func aFullDiskLosesNothing() throws {
        let folder = try Folder()
        FaultyFiles.use(.max)
        let store = try SQLiteLogStore(directory: folder.path, vfs: FaultyFiles.name)
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(1...3))
        FaultyFiles.use(0, code: SQLITE_FULL)
        #expect(throws: RaftNodeError.diskFull(path: "\(folder.path)/log.sqlite")) {
            try store.write(hardState: nil, truncateFrom: nil, entries: entries(4...4))
        }
        FaultyFiles.use(.max)
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(4...5))
        #expect(try contents(store) == entries(1...5))
    }
}
