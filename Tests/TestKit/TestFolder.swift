import Glibc
import Synchronization

/// A folder of its own for one test, removed with the last reference.
///
/// All of them are below one folder of the process, `consul-tests-XXXXXX` in `$TMPDIR` or `/tmp`,
/// which is removed when the process ends, including the folders that a failed test still held. The
/// folder of a killed process is removed by the next one.
package final class TestFolder: Sendable {
    package let path: String

    /// Creates a folder.
    ///
    /// - Parameter name: the folder's last component; from the second of that name on a number
    ///   follows. No path comes twice in a process.
    /// - Throws: `Unmade` when the system refuses.
    package init(_ name: String = "test") throws {
        let root = try Root.path.get()
        let count = Self.counts.withLock { counts in
            counts[name, default: 0] += 1
            return counts[name, default: 0]
        }
        path = "\(root)/\(name)" + (count > 1 ? "-\(count)" : "")
        guard mkdir(path, 0o700) == 0 else { throw Unmade(path: path, code: errno) }
    }

    private static let counts = Mutex<[String: Int]>([:])

    deinit { Self.remove(path) }

    /// Removes a file or a folder with its content; links are not followed. A missing file is no
    /// error.
    package static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        // A process that is about to end may still write: again, with a bound.
        for _ in 0..<10 {
            chmod(path, 0o700)
            for name in list(path) { remove("\(path)/\(name)") }
            if rmdir(path) == 0 || errno != ENOTEMPTY { return }
        }
    }

    fileprivate static func list(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            // In place: a copy of the whole field would read beyond the end of a short entry.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    package struct Unmade: Error, CustomStringConvertible {
        let path: String
        let code: Int32
        package var description: String { "mkdir \(path): \(String(cString: strerror(code)))" }
    }
}

/// The folder of this process. A lock distinguishes it from one whose owner has ended.
private enum Root {
    private static let prefix = "consul-tests-"
    private static let lock = "lock"

    static let path: Result<String, TestFolder.Unmade> = {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        removeAbandoned(in: parent)
        var template = Array("\(parent)/\(prefix)\(String(repeating: "X", count: 6))".utf8CString)
        guard mkdtemp(&template) != nil else {
            return .failure(TestFolder.Unmade(path: "\(parent)/\(prefix)*", code: errno))
        }
        let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        // Under its final name only when it is locked: another process may look meanwhile.
        let descriptor = open("\(path)/\(lock).new", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        flock(descriptor, LOCK_EX)
        rename("\(path)/\(lock).new", "\(path)/\(lock)")
        atexit { if case .success(let path) = Root.path { TestFolder.remove(path) } }
        return .success(path)
    }()

    private static func removeAbandoned(in parent: String) {
        for name in TestFolder.list(parent) where name.hasPrefix(prefix) {
            let descriptor = open("\(parent)/\(name)/\(lock)", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { TestFolder.remove("\(parent)/\(name)") }
            close(descriptor)
        }
    }
}
