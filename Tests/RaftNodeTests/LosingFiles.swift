import CSQLite
import Foundation
import Synchronization

@testable import RaftNode

/// SQLite's own file layer, which also keeps the state that a power cut would leave: the synced
/// bytes, and of the others any sectors.
enum LosingFiles {
    static let name = "losing"
    /// Sectors are written whole or not at all.
    private static let sector = 512

    private struct File: Sendable {
        var path: String
        var synced: [UInt8] = []
        /// The operations that a cut may lose, in order: writes, and truncations.
        var pending: [(offset: Int, bytes: [UInt8])] = []
        var length: Int?
    }
    /// By the address of SQLite's structure; those of closed files stay until the address is used
    /// again.
    private static let files = Mutex<[UInt: File]>([:])

    nonisolated(unsafe) private static var real: UnsafeMutablePointer<sqlite3_vfs>!
    nonisolated(unsafe) private static var realMethods = sqlite3_io_methods()
    /// Our table for each of SQLite's, which differ in how they lock and close.
    nonisolated(unsafe) private static var tables:
        [UnsafePointer<sqlite3_io_methods>: UnsafePointer<sqlite3_io_methods>] = [:]

    /// Returns the folder as a power cut would leave it now; the files of other layers are copied
    /// unchanged. Nothing is written to the log meanwhile.
    static func cut(_ folder: Folder, random: inout SystemRandomNumberGenerator) throws -> Folder {
        nonisolated(unsafe) var other = folder
        try files.withLock { files in
            other = try folder.copy()
            for file in files.values where file.path.hasPrefix(folder.path + "/") {
                let name = String(file.path.dropFirst(folder.path.count + 1))
                guard FileManager.default.fileExists(atPath: file.path) else { continue }
                try other.write(name, left(of: file, &random))
            }
        }
        return other
    }

    private static func left(
        of file: File, _ random: inout SystemRandomNumberGenerator
    ) -> [UInt8] {
        var bytes = file.synced
        if let length = file.length, Bool.random(using: &random), length < bytes.count {
            bytes.removeLast(bytes.count - length)
        }
        let chance = Int.random(in: 0...4, using: &random)
        for write in file.pending {
            for start in stride(from: 0, to: write.bytes.count, by: sector)
            where Int.random(in: 0..<4, using: &random) < chance {
                let part = write.bytes[start..<min(start + sector, write.bytes.count)]
                put(Array(part), at: write.offset + start, in: &bytes)
            }
        }
        return bytes
    }

    private static func put(_ part: [UInt8], at offset: Int, in bytes: inout [UInt8]) {
        let end = offset + part.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(offset..<end, with: part)
    }

    static let register: Void = {
        real = sqlite3_vfs_find(nil)
        let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        layer.initialize(to: real.pointee)
        layer.pointee.zName = UnsafePointer(strdup(name))
        layer.pointee.xOpen = { _, path, file, flags, outFlags in
            let result = LosingFiles.real.pointee.xOpen(
                LosingFiles.real, path, file, flags, outFlags)
            guard result == SQLITE_OK, let file, let methods = file.pointee.pMethods, let path
            else { return result }
            let name = String(cString: path)
            let bytes = (try? Data(contentsOf: URL(fileURLWithPath: name))).map { Array($0) }
            LosingFiles.files.withLock {
                $0[UInt(bitPattern: file)] = File(path: name, synced: bytes ?? [])
            }
            file.pointee.pMethods = LosingFiles.wrap(methods)
            return result
        }
        sqlite3_vfs_register(layer, 0)
    }()

    private static func wrap(
        _ methods: UnsafePointer<sqlite3_io_methods>
    ) -> UnsafePointer<sqlite3_io_methods> {
        if let known = tables[methods] { return known }
        realMethods = methods.pointee
        var ours = methods.pointee
        ours.xWrite = { file, bytes, count, offset in
            LosingFiles.files.withLock { files in
                let result = LosingFiles.realMethods.xWrite(file, bytes, count, offset)
                let written = UnsafeRawBufferPointer(start: bytes, count: Int(count))
                files[UInt(bitPattern: file)]?.pending.append((Int(offset), Array(written)))
                return result
            }
        }
        ours.xSync = { file, flags in
            LosingFiles.files.withLock { files in
                let result = LosingFiles.realMethods.xSync(file, flags)
                let key = UInt(bitPattern: file)
                guard var done = files.removeValue(forKey: key) else { return result }
                if let length = done.length, length < done.synced.count {
                    done.synced.removeLast(done.synced.count - length)
                }
                for write in done.pending {
                    LosingFiles.put(write.bytes, at: write.offset, in: &done.synced)
                }
                done.pending = []
                done.length = nil
                files[key] = done
                return result
            }
        }
        ours.xTruncate = { file, size in
            LosingFiles.files.withLock { files in
                let key = UInt(bitPattern: file)
                files[key]?.pending.removeAll { $0.offset >= Int(size) }
                files[key]?.length = Int(size)
                return LosingFiles.realMethods.xTruncate(file, size)
            }
        }
        let made = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        made.initialize(to: ours)
        tables[methods] = UnsafePointer(made)
        return UnsafePointer(made)
    }
}
