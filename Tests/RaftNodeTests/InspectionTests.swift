import Foundation
import Primitives
import Raft
import TestKit
import Testing

@testable import RaftNode

/// The report of `consul operator raft inspect`.
@Suite(.serialized) struct InspectionTests {
    private func everything(_ folder: Folder) throws -> [String: [UInt8]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var found: [String: [UInt8]] = [:]
        for name in names {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: "\(folder.path)/\(name)", isDirectory: &isFolder)
            found[name] = isFolder.boolValue ? [] : try folder.bytes(name)
        }
        return found
    }

    @Test(arguments: [false, true])
    func reportsTheWholeStoreWithoutChanges(afterACrash: Bool) async throws {
        var folder = try Folder()
        let options = Member.options {
            $0.snapshotThreshold = 10
            $0.snapshotInterval = .milliseconds(1)
            $0.trailingLogs = 3
        }
        let member = try await Member.alone(in: folder, options: options)
        try await member.writeAll((0..<40).map { "w\($0)" })
        // Compaction follows the answer.
        try await eventually("the log is compacted") {
            member.node.status.snapshotIndex > 30 && member.node.status.lastIndex == 42
        }
        #expect(throws: RaftNodeError.locked(path: "\(folder.path)/lock")) {
            try StoreInspection.look(directory: folder.path) { _ in }
        }
        let status = member.node.status
        if !afterACrash { await member.stop() }
        folder = try folder.copy()
        if afterACrash { await member.stop() }
        let before = try everything(folder)
        var seen: [LogEntry] = []
        let found = try StoreInspection.look(directory: folder.path) { seen.append($0) }
        #expect(found.problems.isEmpty, "\(found.problems)")
        #expect(found.hardState == HardState(term: status.term, vote: "a"))
        #expect((found.firstIndex, found.lastIndex) == (seen[0].index, status.lastIndex))
        #expect(found.configuration == status.configuration && found.configurationIndex == 1)
        #expect(found.snapshots.first?.index == status.snapshotIndex)
        #expect(!found.hasPeersFile)
        let after = try everything(folder)
        #expect(before == after)
    }

    @Test func missingStoreIsAnError() throws {
        let folder = try Folder()
        #expect {
            _ = try StoreInspection.look(directory: folder.path) { _ in }
        } throws: { "\($0)".contains("no such file: no server kept a log here") }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }

    @Test func namesEachProblemAndContinues() throws {
        let folder = try Folder()
        var store: SQLiteLogStore? = try SQLiteLogStore(directory: folder.path)
        for index in 1...40 {
            try store?.write(
                hardState: HardState(term: 1, vote: "a"), truncateFrom: nil,
                entries: entries(UInt64(index)...UInt64(index), size: 3_000))
        }
        try store?.close()
        store = nil
        var bytes = try folder.bytes("log.sqlite")
        // Within two entries: their pages stay whole.
        for index in [12, 30] {
            var row: [UInt8] = []
            EntryRow.write(entries(UInt64(index)...UInt64(index), size: 3_000)[0], to: &row)
            let offset = try #require(bytes.firstRange(of: row[..<17]))
            bytes[offset.lowerBound + 100] ^= 1
        }
        try folder.write("log.sqlite", bytes)
        try folder.write("peers.json", Array("[]".utf8))
        var seen = 0
        let found = try StoreInspection.look(directory: folder.path) { _ in seen += 1 }
        #expect(seen == 38)
        #expect(found.lastIndex == 40)
        let texts = found.problems.map { "\($0)" }
        #expect(texts.count == 3, "\(texts)")
        #expect(texts[0].contains("log.sqlite is damaged at log entry 12: the checksum is wrong"))
        #expect(texts[1].contains("log entry 30"))
        #expect(texts[2].contains("peers.json: it names no voter"))
    }

    @Test func everyDamageThatStopsAServerIsReported() throws {
        let folder = try Folder()
        var store: SQLiteLogStore? = try SQLiteLogStore(directory: folder.path)
        try store?.write(
            hardState: HardState(term: 1, vote: "a"), truncateFrom: nil,
            entries: entries(1...60, size: 200))
        try store?.close()
        store = nil
        let bytes = try folder.bytes("log.sqlite")
        for offset in stride(from: 0, to: bytes.count, by: 997) {
            let copy = try folder.copy()
            var changed = bytes
            changed[offset] ^= 0x5A
            try copy.write("log.sqlite", changed)
            let found = try StoreInspection.look(directory: copy.path) { _ in }
            do { _ = try SQLiteLogStore(directory: copy.path) } catch {
                #expect(!found.problems.isEmpty, "byte \(offset): \(error)")
            }
        }
        let copy = try folder.copy()
        try copy.remove("log.sqlite")
        let found = try StoreInspection.look(directory: copy.path) { _ in }
        #expect("\(found.problems)".contains("the file is gone"))
    }
}
