import CSQLite
import Foundation
import Primitives
import Raft
import Synchronization
import TestKit
import Testing

@testable import RaftNode

/// A server that crashes at any operation on its disk, or whose files were removed or truncated:
/// the next start continues, or names the file and the remedy.
@Suite(.serialized) struct CrashTests {
    private static let options = Member.options {
        $0.snapshotThreshold = 5
        $0.snapshotInterval = .milliseconds(1)
        $0.trailingLogs = 2
    }

    /// Starts on the folder, writes one more command, starts again, and returns all commands.
    private func served(_ folder: Folder, _ what: String) async throws -> [String] {
        let first = try Member(in: folder, options: Self.options)
        first.start(bootstrap: ["a"])
        try await first.leads()
        let found = first.machine.texts
        let isOrdered = !first.machine.isOutOfOrder
        #expect(isOrdered, "\(what)")
        try await first.writeAll(["more"])
        await first.stop()
        // A snapshot may still be written to the folder; in production it ends with the process.
        let second = try Member(in: folder.copy(), options: Self.options)
        second.start()
        try await second.leads()
        #expect(second.machine.texts == found + ["more"], "\(what)")
        await second.stop()
        return found
    }

    /// Runs a server whose operation `number` and all later ones fail: eight writes, a restore, two
    /// writes.
    ///
    /// - Returns: the acknowledged commands, and whether the restore was acknowledged.
    private func run(
        in folder: Folder, failing number: Int, code: Int32
    ) async throws -> (acknowledged: [String], isRestored: Bool) {
        FaultyFiles.use(number, code: code)
        defer { FaultyFiles.use(.max) }
        let disk = Disk { _ in FaultyFiles.fails() ? (code == SQLITE_FULL ? 28 : 5) : 0 }
        guard
            let member = try? Member(
                in: folder, options: Self.options, vfs: FaultyFiles.name, disk: disk)
        else { return ([], false) }
        member.start(bootstrap: ["a"])
        var acknowledged: [String] = []
        try? await eventually("it leads or its disk has failed") {
            if FaultyFiles.left.load(ordering: .relaxed) < 0 { return true }
            if case .success = await member.read(.quorum) { return true }
            return false
        }
        for number in 0..<8 {
            if case .success = await member.propose("w\(number)") {
                acknowledged.append("w\(number)")
            }
        }
        var isRestored = false
        if case .success = await member.restore(["r0", "r1"], beyond: 40) {
            (acknowledged, isRestored) = (["r0", "r1"], true)
        }
        for text in ["x", "y"] {
            if case .success = await member.propose(text) { acknowledged.append(text) }
        }
        await member.stop()
        return (acknowledged, isRestored)
    }

    @Test(arguments: [IOFault.write, SQLITE_FULL])
    func aRestoreThatEndsAnywhereLeavesTheOldStateOrTheNew(code: Int32) async throws {
        var number = 0
        var isWhole = false
        while !isWhole, number < 500 {
            let folder = try Folder()
            let (acknowledged, isRestored) = try await run(in: folder, failing: number, code: code)
            isWhole = acknowledged == ["r0", "r1", "x", "y"]
            let found = try await served(try folder.copy(), "operation \(number)")
            let isNew = found.starts(with: ["r0", "r1"])
            #expect(isNew || !isRestored, "operation \(number): \(found)")
            if isNew || found.isEmpty {
                // The restore was not answered; the commands acknowledged before it are replaced.
                if isRestored { #expect(found.starts(with: acknowledged), "operation \(number)") }
            } else {
                let kept = found.filter { acknowledged.contains($0) }
                #expect(kept == acknowledged, "operation \(number): \(found)")
            }
            if found.isEmpty { #expect(acknowledged.isEmpty, "operation \(number)") }
            number += number < 60 ? 1 : 3
        }
        #expect(isWhole && number > 60)
    }

    /// One operation fails and the later ones do not: later acknowledged writes count too.
    @Test func aRestoreThatFailsLeavesNothingForALaterStart() async throws {
        for name in ["create", "write", "sync", "rename", "sync directory", "remove", "mkdir"] {
            for number in 0..<6 {
                let folder = try Folder()
                let left = Mutex(Int.max)
                let disk = Disk { operation in
                    guard operation == name else { return 0 }
                    return left.withLock { left in
                        left = left == .max ? .max : left - 1
                        return left == -1 ? 5 : 0
                    }
                }
                let member = try Member(in: folder, disk: disk)
                member.start(bootstrap: ["a"])
                try await member.leads()
                try await member.writeAll(["one", "two"])
                left.withLock { $0 = number }
                let answer = await member.restore(["r0"], beyond: 2)
                var acknowledged = ["one", "two"]
                if case .success = answer { acknowledged = ["r0"] }
                for text in ["x", "y", "z"] {
                    if case .success = await member.propose(text) { acknowledged.append(text) }
                }
                await member.stop()
                let found = try await served(try folder.copy(), "\(name) \(number)")
                // A server that stopped may have been restored nevertheless.
                let isKept = found == acknowledged || acknowledged.count == 2 && found == ["r0"]
                #expect(isKept, "\(name) \(number): \(found), acknowledged \(acknowledged)")
            }
        }
    }

    @Test(arguments: [false, true])
    func aStartThatFailsAnywhereCanBeRepeated(recovers: Bool) async throws {
        let folder = try Folder()
        let member = try await Member.alone(in: folder, options: Self.options)
        try await member.writeAll((0..<30).map { "w\($0)" })
        _ = try await member.restore(["r0", "r1"]).get()
        try await member.writeAll(["x"])
        let left = try folder.copy()
        await member.stop()
        if recovers {
            let group = #"[{"id": "a", "address": "a:8300"}]"#
            try left.write("peers.json", Array(group.utf8))
        }
        var number = 0
        var isWhole = false
        while !isWhole {
            let copy = try left.copy()
            FaultyFiles.use(number)
            let disk = Disk { _ in FaultyFiles.fails() ? 5 : 0 }
            do {
                let again = try Member(in: copy, vfs: FaultyFiles.name, disk: disk)
                isWhole = true
                await again.stop()
            } catch { #expect(error is RaftNodeError, "\(error)") }
            FaultyFiles.use(.max)
            let found = try await served(try copy.copy(), "operation \(number)")
            #expect(found == ["r0", "r1", "x"], "operation \(number)")
            number += 1
        }
        #expect(number > 10)
    }

    // MARK: Files that were cut or removed

    /// A server that was killed: snapshots, and a log whose end none of them holds.
    private func killed() async throws -> Folder {
        let folder = try Folder()
        let first = try await Member.alone(in: folder, options: Self.options)
        try await first.writeAll((0..<60).map { "w\($0)" })
        try await eventually("there are snapshots") { first.node.status.snapshotIndex > 40 }
        await first.stop()
        let crashed = try folder.copy()
        let second = try Member(in: crashed)
        second.start()
        try await second.leads()
        try await second.writeAll((60..<80).map { "w\($0)" })
        let left = try crashed.copy()
        await second.stop()
        return left
    }

    private static let all = (0..<80).map { "w\($0)" }

    @Test func removedLogContinuesAfterTheSnapshot() async throws {
        let folder = try await killed()
        for name in ["log.sqlite", "log.sqlite-wal", "lock"] { try folder.remove(name) }
        let inspected = try StoreInspection.look(directory: folder.path) { _ in }
        #expect("\(inspected.problems)".contains("log.sqlite is damaged at its name"))
        let found = try await served(folder, "without a log")
        #expect(found.count > 30 && found == Array(Self.all.prefix(found.count)))
    }

    @Test func truncatedJournalIsNoticed() async throws {
        let folder = try await killed()
        let journal = try folder.bytes("log.sqlite-wal")
        for part in [0.98, 0.9, 0.5, 0.3, 0.1] {
            let copy = try folder.copy()
            let count = Int(Double(journal.count) * part)
            try copy.write("log.sqlite-wal", Array(journal.prefix(count)))
            let inspected = try StoreInspection.look(directory: copy.path) { _ in }
            let texts = inspected.problems.map { "\($0)" }
            #expect(texts.contains { $0.contains("had been synced") }, "\(part): \(texts)")
            #expect {
                _ = try Member(in: copy)
            } throws: { error in
                let text = "\(error)"
                return text.contains("log.sqlite-wal is damaged at its end: ")
                    && text.contains("remove \(copy.path)/lock")
            }
            // The remedy of the message.
            try copy.remove("lock")
            let found = try await served(try copy.copy(), "\(part)")
            #expect(found == Array(Self.all.prefix(found.count)) && found.count > 30)
        }
    }

    /// The newest snapshot contains all entries that the cut removed: nothing is lost.
    @Test func truncatedJournalBeforeTheSnapshotLosesNothing() async throws {
        let folder = try Folder()
        var options = Self.options
        options.snapshotThreshold = 1
        let member = try await Member.alone(in: folder, options: options)
        let texts = (0..<20).map { "w\($0)" }
        try await member.writeAll(texts)
        try await eventually("a snapshot holds all") {
            member.node.status.snapshotIndex == member.node.status.lastIndex
        }
        let left = try folder.copy()
        await member.stop()
        let journal = try left.bytes("log.sqlite-wal")
        try left.write("log.sqlite-wal", Array(journal.prefix(journal.count / 2)))
        #expect(try await served(left, "cut") == texts)
    }

    /// Each file of the log removed or replaced by an empty one, alone and with others.
    @Test func noCombinationOfMissingFilesTraps() async throws {
        let folder = try await killed()
        let names = ["log.sqlite", "log.sqlite-wal", "lock", "snapshots"]
        for mask in 1..<(1 << names.count) {
            for empties in [false, true] {
                let copy = try folder.copy()
                for (place, name) in names.enumerated() where mask & 1 << place != 0 {
                    try copy.remove(name)
                    if empties, name != "snapshots" { try copy.write(name, []) }
                }
                _ = try? StoreInspection.look(directory: copy.path) { _ in }
                do { _ = try await served(copy, "\(mask) \(empties)") } catch {
                    let text = "\(error)"
                    #expect(error is RaftNodeError, "\(mask): \(text)")
                    #expect(text.contains(copy.path) && text.contains("move \(copy.path) away")
                        || text.contains("remove "), "\(mask): \(text)")
                }
            }
        }
    }

    /// A record of an older write, as a power cut leaves it, demands less of the log.
    @Test func anOlderRecordOfTheEndRaisesNoAlarm() throws {
        let folder = try Folder()
        let store = try SQLiteLogStore(directory: folder.path)
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(1...3))
        let older = try folder.bytes("lock")
        try store.write(hardState: nil, truncateFrom: nil, entries: entries(4...5))
        try store.write(hardState: nil, truncateFrom: 3, entries: [])
        for lock in [older, Array(older.prefix(7))] {
            let copy = try folder.copy()
            try copy.write("lock", lock)
            #expect(try contents(try SQLiteLogStore(directory: copy.path)) == entries(1...2))
        }
        let copy = try folder.copy()
        #expect(try contents(try SQLiteLogStore(directory: copy.path)) == entries(1...2))
    }

    /// A file of version 1 does not count its writes; it does from the first start on.
    @Test func firstVersionStoreIsUpgraded() throws {
        let folder = try Folder()
        var store: SQLiteLogStore? = try SQLiteLogStore(directory: folder.path)
        let state = HardState(term: 3, vote: "someone")
        try store?.write(hardState: state, truncateFrom: nil, entries: entries(1...9))
        try store?.close()
        store = nil
        let database = try SQLiteDatabase("\(folder.path)/log.sqlite")
        var row: [UInt8] = []
        EntryRow.append(0, 4, to: &row)
        for number: UInt64 in [3, 0, 9, 1] { EntryRow.append(number, 8, to: &row) }
        row += Array("someone".utf8)
        EntryRow.seal(&row, number: 0)
        try database.prepare("REPLACE INTO state(id, value) VALUES(1, ?1)").run(blob: row, at: 1)
        try database.run("PRAGMA user_version = 1")
        database.close()
        try folder.write("lock", Array("closed\n".utf8))
        let seen = try StoreInspection.look(directory: folder.path) { _ in }
        #expect(seen.problems.isEmpty && seen.hardState == state, "\(seen.problems)")
        let again = try SQLiteLogStore(directory: folder.path)
        #expect(try again.hardState() == state)
        #expect(try contents(again) == entries(1...9))
        #expect(again.state.writes > 0)
        try again.close()
        let newer = try SQLiteDatabase("\(folder.path)/log.sqlite")
        try newer.run("PRAGMA user_version = 3")
        newer.close()
        #expect {
            _ = try SQLiteLogStore(directory: folder.path)
        } throws: { "\($0)".contains("it has version 3, and this program knows 1 to 2") }
    }

    /// An index near the end of the numbers, with the right sums, is refused where it is read.
    @Test func numbersOutOfRangeAreRefused() throws {
        let meta = SnapshotMeta(
            id: "1-1-1", index: .max, term: 1, configuration: Configuration(),
            configurationIndex: 1, size: 0)
        let writer = SnapshotArchiveWriter(meta, seconds: 0)
        let reader = SnapshotArchiveReader()
        try reader.receive(writer.begin() + writer.finish()) { _ in }
        #expect {
            _ = try reader.finish()
        } throws: { "\($0)".contains("an index or term in meta.json is out of range") }

        let folder = try Folder()
        let store = try SnapshotStore(directory: folder.path)
        let sink = try store.create(
            index: .max, term: 1, configuration: Configuration(), configurationIndex: 1,
            milliseconds: 1)
        _ = try sink.finish()
        #expect(try store.newest() == nil)
        #expect(store.takeWarnings().joined().contains("another snapshot, version or range"))
    }
}
