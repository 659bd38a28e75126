import Glibc
import Primitives

/// Reads and writes files and directories, with errors that name the path.
package enum Files {
    /// Reads a whole regular file of at most `limit` bytes. Refuses other kinds, since a FIFO or a
    /// device may block its reader for ever.
    package static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try openRegular(path)
        defer { close(file) }
        return try read(file, named: path, limit: limit)
    }

    /// Reads a file of any kind, which may wait for the other end of a pipe: for commands, whose
    /// user may name `/dev/stdin` or `<(a command)` and can interrupt them.
    package static func readAny(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError("open", path, code: errno) }
        defer { close(file) }
        return try read(file, named: path, limit: limit)
    }

    /// Opens a regular file for reading, without blocking. The caller closes it.
    package static func openRegular(_ path: String) throws(FileError) -> Int32 {
        let file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            let code = errno
            // A socket cannot be opened.
            if code == ENXIO, let kind = specialKind(path) { throw notRegular(path, kind) }
            throw FileError("open", path, code: code)
        }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let code = errno
            close(file)
            throw FileError("stat", path, code: code)
        }
        if let kind = specialKind(status) {
            close(file)
            throw notRegular(path, kind)
        }
        return file
    }

    /// Returns the kind of file at `path` if it is neither a regular file nor a directory, as "a
    /// FIFO"; nil also where no file exists.
    package static func specialKind(_ path: String) -> String? {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
            ? specialKind(status) : nil
    }

    private static func specialKind(_ status: stat) -> String? {
        switch status.st_mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    private static func notRegular(_ path: String, _ kind: String) -> FileError {
        if kind == "a directory" { return FileError("read", path, code: EISDIR) }
        return FileError(
            "read", path, reason: "it is \(kind), and only regular files are read; remove it")
    }

    /// Reads standard input to its end, at most `limit` bytes, from its present position. Uses its
    /// number and not `/dev/stdin`: that name opens the file anew, from its beginning and with the
    /// rights of this user, and cannot open a socket.
    package static func readStandardInput(limit: Int) throws(FileError) -> [UInt8] {
        try read(STDIN_FILENO, named: "/dev/stdin", limit: limit)
    }

    private static func read(_ file: Int32, named path: String, limit: Int) throws(FileError)
        -> [UInt8]
    {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileError("stat", path, code: errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw FileError("read", path, code: EISDIR) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(limit, max(0, Int(status.st_size))) + 1)
        var code: Int32 = 0
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { space in
            while bytes.count <= limit {
                let count = Glibc.read(file, space.baseAddress, space.count)
                if count > 0 {
                    bytes.append(contentsOf: space[..<count])
                } else if count == 0 {
                    return
                } else if errno != EINTR {
                    code = errno
                    return
                }
            }
        }
        if code != 0 { throw FileError("read", path, code: code) }
        guard bytes.count <= limit else {
            throw FileError("read", path, reason: "larger than \(limit) bytes")
        }
        return bytes
    }

    /// Returns the names in a directory, in byte order, without `.` and `..`.
    package static func list(_ path: String) throws(FileError) -> [String] {
        guard let directory = opendir(path) else { throw FileError("open", path, code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            guard names.count < Limits.directoryEntriesMax else {
                throw FileError(
                    "read", path, reason: "more than \(Limits.directoryEntriesMax) entries")
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Removes a file; a missing one is no error.
    package static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw FileError("remove", path, code: errno)
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Appends to a file, created with mode 0600 if it is missing. A file that would grow beyond
    /// `limit` bytes stays unchanged, and the call throws.
    package static func append(_ path: String, _ bytes: [UInt8], limit: Int) throws(FileError) {
        guard (size(path) ?? 0) + bytes.count <= limit else {
            throw FileError("append", path, reason: "the file has reached \(limit) bytes")
        }
        if let kind = specialKind(path) { throw notRegular(path, kind) }
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC
        let file = open(path, flags, 0o600)
        guard file >= 0 else { throw FileError("open", path, code: errno) }
        defer { close(file) }
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw FileError("write", path, code: errno)
        }
    }

    /// Returns true for a regular file, also behind a symbolic link.
    package static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Resolves the symbolic links of `path`; returns `path` itself where no file exists.
    package static func resolved(_ path: String) -> String {
        guard let end = realpath(path, nil) else { return path }
        defer { free(end) }
        return String(cString: end)
    }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Returns true for a file, not a directory, that this process may execute.
    package static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0 && !isDirectory(path)
    }

    /// Returns a file's size in bytes; nil when there is none.
    package static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Returns a text that changes whenever the file is written or replaced; nil when there is
    /// none.
    package static func stamp(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)-\(status.st_size)"
            + "-\(status.st_ino)"
    }

    /// Creates a directory and its parents. An existing one stays unchanged.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(FileError) {
        if isDirectory(path) { return }
        var parent = path
        while parent.count > 1 && parent.last == "/" { parent.removeLast() }
        if let slash = parent.lastIndex(of: "/"), slash > parent.startIndex {
            try makeDirectory(String(parent[..<slash]), mode: mode)
        }
        guard mkdir(path, mode) == 0 || (errno == EEXIST && isDirectory(path)) else {
            throw FileError("mkdir", path, code: errno)
        }
    }

    package static func setOwner(
        _ path: String, user: UInt32?, group: UInt32?
    ) throws(FileError) {
        guard user != nil || group != nil else { return }
        guard chown(path, user ?? .max, group ?? .max) == 0 else {
            throw FileError("chown", path, code: errno)
        }
    }

    package static func setMode(_ path: String, _ mode: UInt32) throws(FileError) {
        guard chmod(path, mode) == 0 else { throw FileError("chmod", path, code: errno) }
    }

    /// Writes all of `bytes`, in as many calls as needed. Returns 0 or an errno.
    package static func writeAll(_ file: Int32, _ bytes: some Collection<UInt8>) -> Int32 {
        let all = ContiguousArray(bytes)
        return all.withUnsafeBytes { space in
            var done = 0
            while done < space.count {
                let count = Glibc.write(
                    file, space.baseAddress! + done, space.count - done)
                if count > 0 {
                    done += count
                } else if count == 0 {
                    return ENOSPC
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}

/// Replaces a file as a whole: readers and crashes see the old one or the new one.
package enum AtomicFile {
    /// Writes the file. It is durable at the return: the bytes and the name are on disk.
    package static func write(
        _ path: String, _ bytes: some Collection<UInt8>, mode: UInt32 = 0o600
    ) throws(FileError) {
        let folder = directory(of: path)
        let (file, temporary) = try create(beside: path, mode: mode)
        var code = fchmod(file, mode) == 0 ? 0 : errno
        if code == 0 { code = Files.writeAll(file, bytes) }
        if code == 0 && fsync(file) != 0 { code = errno }
        if close(file) != 0 && code == 0 { code = errno }
        guard code == 0 else {
            unlink(temporary)
            throw FileError("write", path, code: code)
        }
        guard rename(temporary, path) == 0 else {
            code = errno
            unlink(temporary)
            throw FileError("rename", path, code: code)
        }
        try sync(directory: folder)
    }

    /// Removes the temporary files that interrupted writes left in a folder. No write may run there
    /// meanwhile.
    package static func removeLeftovers(in folder: String) throws(FileError) {
        for name in try Files.list(folder) where name.contains(".tmp-") {
            let path = "\(folder)/\(name)"
            if Files.isRegular(path) { try Files.remove(path) }
        }
    }

    private static func create(
        beside path: String, mode: UInt32
    ) throws(FileError) -> (file: Int32, path: String) {
        for _ in 0..<Limits.retriesMax {
            let temporary = "\(path).tmp-\(String(SystemRandom.seed(), radix: 36))"
            let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            if file >= 0 { return (file, temporary) }
            if errno != EEXIST { throw FileError("create", path, code: errno) }
        }
        throw FileError("create", path, code: EEXIST)
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func sync(directory: String) throws(FileError) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw FileError("open", directory, code: errno) }
        defer { close(file) }
        guard fsync(file) == 0 || errno == EINVAL else {
            throw FileError("sync", directory, code: errno)
        }
    }
}

/// The file that names this process, from start to exit.
package struct PIDFile: Sendable {
    package let path: String

    /// Writes this process's number, replacing the file of a former run.
    package static func write(_ path: String) throws(FileError) -> PIDFile {
        if Files.isDirectory(path) { throw FileError("write", path, code: EISDIR) }
        try AtomicFile.write(path, Array("\(getpid())\n".utf8), mode: 0o644)
        return PIDFile(path: path)
    }

    package func remove() throws(FileError) { try Files.remove(path) }
}
