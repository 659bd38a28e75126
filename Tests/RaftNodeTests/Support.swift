import CSQLite
import Foundation
import Raft
import Synchronization
import TestKit

@testable import RaftNode

/// A directory for one test, removed with the object; its user makes it.
final class Folder {
    private let folder: TestFolder
    let path: String

    init() throws {
        folder = try TestFolder("raft-node")
        path = folder.path + "/data"
    }

    /// Returns the files as after a crash: as they are now, without the lock.
    func copy() throws -> Folder {
        // A server whose first operation failed has made nothing.
        if !FileManager.default.fileExists(atPath: path) { return try Folder() }
        // An old snapshot may be removed meanwhile.
        for _ in 0..<20 {
            let other = try Folder()
            do {
                try FileManager.default.copyItem(atPath: path, toPath: other.path)
                return other
            } catch CocoaError.fileNoSuchFile {}
        }
        throw CocoaError(.fileNoSuchFile)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
}

func entries(
    _ range: ClosedRange<UInt64>, term: UInt64 = 1, size: Int = 20
) -> [LogEntry] {
    range.map { index in
        let data = (0..<size).map { UInt8(truncatingIfNeeded: UInt64($0) &+ index &* 7) }
        return LogEntry(
            index: index, term: term, kind: .command, data: data,
            extensions: index % 5 == 0 ? [1, 2, 3] : [])
    }
}

/// Returns all entries of a log and its hard state as text: two stores with the same text hold the
/// same.
func contents(_ store: some LogStore) throws -> [LogEntry] {
    guard store.lastIndex > 0 else { return [] }
    return try store.entries(store.firstIndex...store.lastIndex, bytesMax: .max)
}

/// The codes that SQLite's header forms from others.
enum IOFault {
    static let write = SQLITE_IOERR | 3 << 8
    static let sync = SQLITE_IOERR | 4 << 8
    static let truncate = SQLITE_IOERR | 6 << 8
    static let delete = SQLITE_IOERR | 10 << 8
}

/// SQLite's own file layer, of which the n-th write, sync, cut or removal fails. One at a time.
enum FaultyFiles {
    static let name = "faulty"
    /// The number of operations until one fails; that one and all later ones fail.
    static let left = Atomic<Int>(.max)
    static let code = Atomic<Int32>(IOFault.write)
    /// Makes files open for reading only, like those that the process may not write.
    static let isReadOnly = Atomic(false)

    nonisolated(unsafe) private static var real: UnsafeMutablePointer<sqlite3_vfs>!
    /// Any of SQLite's tables: they differ in how they lock, not in how they write.
    nonisolated(unsafe) private static var realMethods = sqlite3_io_methods()
    /// Our table for each of SQLite's.
    nonisolated(unsafe) private static var tables:
        [UnsafePointer<sqlite3_io_methods>: UnsafePointer<sqlite3_io_methods>] = [:]

    static func fails() -> Bool {
        if left.load(ordering: .relaxed) == .max { return false }
        return left.subtract(1, ordering: .relaxed).newValue < 0
    }

    static func use(_ count: Int, code new: Int32 = IOFault.write) {
        register
        code.store(new, ordering: .relaxed)
        left.store(count, ordering: .relaxed)
    }

    static let register: Void = {
        real = sqlite3_vfs_find(nil)
        let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        layer.initialize(to: real.pointee)
        layer.pointee.zName = UnsafePointer(strdup(name))
        layer.pointee.xOpen = { _, path, file, flags, outFlags in
            let writes = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            let isReadOnly = FaultyFiles.isReadOnly.load(ordering: .relaxed)
            let result = FaultyFiles.real.pointee.xOpen(
                FaultyFiles.real, path, file,
                isReadOnly ? flags & ~writes | SQLITE_OPEN_READONLY : flags, outFlags)
            if result == SQLITE_OK, let file, let table = file.pointee.pMethods {
                file.pointee.pMethods = FaultyFiles.wrap(table)
            }
            return result
        }
        layer.pointee.xDelete = { _, path, sync in
            if FaultyFiles.fails() { return IOFault.delete }
            return FaultyFiles.real.pointee.xDelete(FaultyFiles.real, path, sync)
        }
        sqlite3_vfs_register(layer, 0)
    }()

    private static func wrap(
        _ table: UnsafePointer<sqlite3_io_methods>
    ) -> UnsafePointer<sqlite3_io_methods> {
        if let known = tables[table] { return known }
        realMethods = table.pointee
        var ours = table.pointee
        ours.xWrite = { file, bytes, count, offset in
            if FaultyFiles.fails() {
                // Half of it reaches the file, in whole sectors.
                let half = count / 2 / 512 * 512
                if half > 0 { _ = FaultyFiles.realMethods.xWrite(file, bytes, half, offset) }
                return FaultyFiles.code.load(ordering: .relaxed)
            }
            return FaultyFiles.realMethods.xWrite(file, bytes, count, offset)
        }
        ours.xSync = { file, flags in
            if FaultyFiles.fails() { return IOFault.sync }
            return FaultyFiles.realMethods.xSync(file, flags)
        }
        ours.xTruncate = { file, size in
            if FaultyFiles.fails() { return IOFault.truncate }
            return FaultyFiles.realMethods.xTruncate(file, size)
        }
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: ours)
        tables[table] = UnsafePointer(methods)
        return UnsafePointer(methods)
    }
}
