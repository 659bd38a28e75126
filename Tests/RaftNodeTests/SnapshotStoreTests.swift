import Cryptography
import Foundation
import Glibc
import Raft
import Synchronization
import Testing

@testable import RaftNode

@Suite struct SnapshotStoreTests {
    private static let group = Configuration(servers: [
        Server(id: "a", address: "127.0.0.1:1"),
        Server(id: "b", address: "127.0.0.1:2", suffrage: .nonvoter),
    ])

    private func save(
        _ store: SnapshotStore, _ index: UInt64, _ contents: [[UInt8]]
    ) throws -> SnapshotMeta {
        let sink = try store.create(
            index: index, term: 2, configuration: Self.group, configurationIndex: 1,
            milliseconds: 1_000 + Int64(index))
        for piece in contents { try sink.write(piece) }
        let meta = try sink.finish()
        store.removeOld()
        return meta
    }

    private func read(_ store: SnapshotStore, _ meta: SnapshotMeta) throws -> [UInt8] {
        let source = try store.open(meta)
        var bytes: [UInt8] = []
        while let piece = try source.next() { bytes += piece }
        return bytes
    }

    @Test func savedSnapshotsAreReadAndTwoAreKept() throws {
        let folder = try Folder()
        let store = try SnapshotStore(directory: folder.path)
        #expect(try store.newest() == nil)
        for index in 1...4 { _ = try save(store, UInt64(index), [[1], [UInt8(index)]]) }
        #expect(try store.list().map(\.id) == ["2-4-1004", "2-3-1003"])
        let again = try SnapshotStore(directory: folder.path)
        let newest = try #require(try again.newest())
        #expect(newest.configuration == Self.group)
        #expect((newest.index, newest.term, newest.size) == (4, 2, 2))
        #expect(try read(again, newest) == [1, 4])
        #expect(again.takeWarnings().isEmpty)
    }

    /// A removal that a crash interrupted, by this program or an earlier one, and a damaged
    /// snapshot: removed when useless, and warned of once at most.
    @Test(.timeLimit(.minutes(1)))
    func theRestOfAnOldSnapshotIsCleanedUp() throws {
        let folder = try Folder()
        let store = try SnapshotStore(directory: folder.path)
        for index in [9, 100, 101] as [UInt64] { _ = try save(store, index, [[UInt8(index)]]) }
        try folder.remove("2-100-1100/SHA256SUMS")
        let again = try SnapshotStore(directory: folder.path)
        #expect(try again.newest()?.index == 101)
        #expect(again.takeWarnings().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["2-101-1101"])
        // One whose files are there and damaged stays until a newer one is written.
        _ = try save(again, 102, [[2]])
        try folder.write("2-102-1102/meta.json", Array("{}".utf8))
        _ = try save(again, 103, [[3]])
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(left == ["2-101-1101", "2-103-1103"])
        #expect(again.takeWarnings().isEmpty)
        // The newest stays with any fault, and so does an unknown name.
        try folder.remove("2-103-1103/SHA256SUMS")
        #expect(mkfifo("\(folder.path)/other", 0o600) == 0)
        let last = try SnapshotStore(directory: folder.path)
        #expect(try last.newest()?.index == 101)
        #expect(last.takeWarnings().count == 2)
    }

    @Test func cancelledSnapshotIsRemoved() throws {
        let folder = try Folder()
        let store = try SnapshotStore(directory: folder.path)
        let sink = try store.create(
            index: 1, term: 1, configuration: Self.group, configurationIndex: 1, milliseconds: 1)
        try sink.write([1, 2, 3])
        #expect(try store.list().isEmpty)
        sink.cancel()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    /// A snapshot of which any file is cut or changed at any byte is passed over by name, and the
    /// older one used.
    @Test func aDamagedSnapshotIsPassedOver() throws {
        let folder = try Folder()
        let store = try SnapshotStore(directory: folder.path)
        _ = try save(store, 1, [[1, 2, 3]])
        let newest = try save(store, 2, [[4, 5, 6, 7]])
        for name in ["meta.json", "state.bin", "SHA256SUMS"] {
            let file = "\(newest.id)/\(name)"
            let bytes = try folder.bytes(file)
            for place in bytes.indices {
                for isCut in [true, false] {
                    var changed = isCut ? Array(bytes.prefix(place)) : bytes
                    if !isCut { changed[place] ^= 0x01 }
                    try folder.write(file, changed)
                    let found = try store.newest()
                    #expect(found?.id == "2-1-1001", "\(name) at \(place)")
                    let warning = store.takeWarnings().joined()
                    #expect(warning.hasPrefix("snapshot \(newest.id) is passed over: "))
                }
            }
            try folder.write(file, bytes)
        }
        #expect(try store.newest() == newest)
    }

    /// Operation 1, 2, 3 … fails: the older snapshot remains until the new one is complete.
    @Test func everyFailureLeavesASnapshot() throws {
        let folder = try Folder()
        _ = try save(try SnapshotStore(directory: folder.path), 1, [[1]])
        var isWhole = false
        var count = 0
        while !isWhole {
            let left = Mutex(count)
            let disk = Disk { _ in
                left.withLock {
                    $0 -= 1
                    return $0 < 0 ? 5 : 0
                }
            }
            do {
                let store = try SnapshotStore(directory: folder.path, disk: disk)
                _ = try save(store, 2, [[2], [3]])
                isWhole = store.takeWarnings().isEmpty
            } catch { #expect(error is RaftNodeError) }
            let after = try SnapshotStore(directory: folder.path)
            let found = try #require(try after.newest())
            #expect(try read(after, found) == (found.index == 1 ? [1] : [2, 3]))
            if found.index == 2 { try folder.remove(found.id) }
            count += 1
        }
        #expect(count > 8)
    }

    // MARK: Archives

    private func archive(_ contents: [UInt8]) -> (SnapshotMeta, [UInt8]) {
        let meta = SnapshotMeta(
            id: "2-7-1", index: 7, term: 2, configuration: Self.group, configurationIndex: 1,
            size: UInt64(contents.count))
        let writer = SnapshotArchiveWriter(meta, seconds: 1_700_000_000)
        var bytes = writer.begin()
        for start in stride(from: 0, to: contents.count, by: 1_000) {
            bytes += writer.add(Array(contents[start..<min(contents.count, start + 1_000)]))
        }
        return (meta, bytes + writer.finish())
    }

    private func unpack(_ bytes: [UInt8], pieces: Int) throws -> (SnapshotMeta, [UInt8]) {
        let reader = SnapshotArchiveReader()
        var contents: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try reader.receive(Array(bytes[start..<min(bytes.count, start + pieces)])) {
                contents += $0
            }
        }
        return (try reader.finish(), contents)
    }

    @Test(arguments: [0, 1, 511, 512, 513, 200_000])
    func archiveReadsAsItWasWritten(_ size: Int) throws {
        let contents = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        let (meta, bytes) = archive(contents)
        for pieces in [7, 1_024, .max / 2] {
            let (found, again) = try unpack(bytes, pieces: pieces)
            #expect(found == meta)
            #expect(again == contents)
        }
    }

    @Test func aDamagedArchiveIsRefused() throws {
        let bytes = archive(Array("the contents".utf8)).1
        for count in bytes.indices {
            #expect(throws: RaftNodeError.self) {
                try unpack(Array(bytes.prefix(count)), pieces: 100)
            }
        }
        // Gzip has bits that no reader uses, such as the time in its head.
        var refused = 0
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0x10
            do {
                #expect(try unpack(changed, pieces: 100).1 == Array("the contents".utf8))
            } catch {
                refused += 1
                #expect(error is RaftNodeError)
            }
        }
        #expect(refused > bytes.count - 12)
    }

    /// An archive that `consul snapshot save` of Consul 1.8.7 wrote.
    @Test func readsConsulsArchive() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = folder.appendingPathComponent("Golden/consul-1.8.7.snap")
        let (meta, contents) = try unpack(Array(try Data(contentsOf: file)), pieces: 333)
        #expect(meta.id == "2-22-1795262679267")
        #expect((meta.index, meta.term, meta.configurationIndex, meta.size) == (22, 2, 1, 7_291))
        #expect(meta.configuration.voters.map(\.address) == ["127.0.0.1:29300"])
        #expect(contents.count == 7_291)
    }

    @Test func sumsAreThoseOfTheStandard() {
        #expect(
            SHA256Sum.hex(of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

@Suite struct PeersFileTests {
    private func read(_ text: String) throws -> Configuration? {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true)
        try folder.write("peers.json", Array(text.utf8))
        return try PeersFile.read(directory: folder.path)
    }

    @Test func namesTheGroup() throws {
        let text = """
            [{"id":"a","address":"10.0.0.1:8300"},
             {"id":"b","address":"10.0.0.2:8300","non_voter":true}]
            """
        let group = try #require(try read(text))
        #expect(group["a"]?.suffrage == .voter)
        #expect(group["b"]?.suffrage == .nonvoter)
        #expect(Configuration(encoded: group.encoded) == group)
    }

    @Test(arguments: [
        "[]", "{", "[{\"id\":\"a\"}]", "[{\"id\":\"a\",\"address\":\"x:1\",\"non_voter\":true}]",
        "[{\"id\":\"a\",\"address\":\"x:1\"},{\"id\":\"a\",\"address\":\"y:1\"}]",
    ])
    func refusesAnInvalidGroup(_ text: String) {
        #expect(throws: RaftNodeError.self) { try read(text) }
    }

    @Test func isUsedOnce() throws {
        let folder = try Folder()
        _ = try SQLiteLogStore(directory: folder.path)
        #expect(try PeersFile.read(directory: folder.path) == nil)
        try folder.write("peers.json", Array("[{\"id\":\"a\",\"address\":\"x:1\"}]".utf8))
        #expect(try PeersFile.read(directory: folder.path) != nil)
        try PeersFile.remove(directory: folder.path)
        #expect(try PeersFile.read(directory: folder.path) == nil)
        try PeersFile.writeInfo(directory: folder.path)
        let info = String(decoding: try folder.bytes("peers.info"), as: UTF8.self)
        #expect(info.contains("non_voter"))
    }
}
