internal import Glibc
internal import Platform

/// The operations on files that snapshots need, each of which can be made to fail in tests.
package struct Disk: Sendable {
    /// Called before every operation: returns the error with which it fails, or 0. A write that
    /// fails has written half of its bytes.
    package var fault: (@Sendable (_ operation: String) -> Int32)?

    package init(fault: (@Sendable (String) -> Int32)? = nil) { self.fault = fault }

    /// Fails where a test's `fault` makes this operation fail.
    func check(_ operation: String, _ path: String) throws(RaftNodeError) {
        if let fault, case let code = fault(operation), code != 0 {
            throw Self.error(operation, path, code)
        }
    }

    static func error(_ operation: String, _ path: String, _ code: Int32) -> RaftNodeError {
        switch code {
        case ENOSPC, EDQUOT: return .diskFull(path: path)
        case EROFS: return .readOnly(path: path)
        default:
            let reason = strerror(code).map { String(cString: $0).lowercased() } ?? "error \(code)"
            return .failed(operation: operation, path: path, reason: reason)
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Creates the directory and its missing parents, for its owner alone.
    func makeDirectory(_ path: String) throws(RaftNodeError) {
        if Self.exists(path) || path.isEmpty { return }
        let parent = Self.parent(of: path)
        if parent != path { try makeDirectory(parent) }
        try check("mkdir", path)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw Self.error("mkdir", path, errno)
        }
        try syncDirectory(parent)
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Returns the names in a directory; none when it does not exist.
    func list(_ path: String) throws(RaftNodeError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw Self.error("open", path, errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Creates a file for its owner alone.
    func create(_ path: String) throws(RaftNodeError) -> Int32 {
        try check("create", path)
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.error("create", path, errno) }
        return file
    }

    /// Opens a regular file for reading; rejects any other file, without waiting for it.
    func open(_ path: String) throws(RaftNodeError) -> Int32 {
        do throws(FileError) { return try Files.openRegular(path) } catch {
            if error.code != 0 { throw Self.error(error.operation, path, error.code) }
            throw .failed(operation: error.operation, path: path, reason: error.reason)
        }
    }

    func close(_ file: Int32) { _ = Glibc.close(file) }

    func write(_ file: Int32, _ path: String, _ bytes: [UInt8]) throws(RaftNodeError) {
        var count = bytes.count
        var planned: RaftNodeError?
        do { try check("write", path) } catch {
            planned = error
            count /= 2
        }
        let code = bytes.withUnsafeBytes { bytes -> Int32 in
            var done = 0
            while done < count, let start = bytes.baseAddress {
                let written = Glibc.write(file, start + done, count - done)
                if written < 0, errno == EINTR { continue }
                if written < 0 { return errno }
                done += written
            }
            return 0
        }
        if let planned { throw planned }
        if code != 0 { throw Self.error("write", path, code) }
    }

    func read(_ file: Int32, _ path: String, max: Int) throws(RaftNodeError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max) { space, count in
            while count < max, let start = space.baseAddress {
                let got = Glibc.read(file, start + count, max - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                if got <= 0 { break }
                count += got
            }
        }
        if code != 0 { throw Self.error("read", path, code) }
        return bytes
    }

    /// Returns a whole file of at most `limit` bytes.
    func readAll(_ path: String, limit: Int) throws(RaftNodeError) -> [UInt8] {
        let file = try open(path)
        defer { close(file) }
        let bytes = try read(file, path, max: limit + 1)
        if bytes.count > limit {
            throw .damaged(path: path, location: "byte \(limit)", reason: "longer than it may be")
        }
        return bytes
    }

    func sync(_ file: Int32, _ path: String) throws(RaftNodeError) {
        try check("sync", path)
        guard fsync(file) == 0 else { throw Self.error("sync", path, errno) }
    }

    /// Makes the names in the directory durable.
    func syncDirectory(_ path: String) throws(RaftNodeError) {
        try check("sync directory", path)
        let file = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw Self.error("open", path, errno) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw Self.error("sync", path, errno) }
    }

    func rename(_ from: String, _ to: String) throws(RaftNodeError) {
        try check("rename", from)
        guard Glibc.rename(from, to) == 0 else { throw Self.error("rename", from, errno) }
    }

    /// Removes a file, or a directory with the files in it. A missing file is no error.
    func remove(_ path: String) throws(RaftNodeError) {
        try check("remove", path)
        if Glibc.unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR { return }
        guard errno == EISDIR || errno == EPERM else { throw Self.error("remove", path, errno) }
        for name in try list(path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw Self.error("remove", path, errno) }
    }

    /// Writes a small file whole: its contents are durable when this returns, its name is not yet.
    func writeFile(_ path: String, _ bytes: [UInt8]) throws(RaftNodeError) {
        let file = try create(path)
        defer { close(file) }
        try write(file, path, bytes)
        try sync(file, path)
    }
}
