import Glibc
import Platform
import Primitives
import TestKit
import Testing

/// A folder of its own for one test; removed with the last reference.
final class Scratch: Sendable {
    private let folder: TestFolder
    var path: String { folder.path }

    init() throws {
        folder = try TestFolder("agent")
        for folder in ["config.d", "data"] { mkdir("\(path)/\(folder)", 0o755) }
    }

    /// Writes a file; `$DIR` in it means this folder.
    func write(_ name: String, _ text: String) throws {
        let text = text.split(separator: "$DIR", omittingEmptySubsequences: false)
            .joined(separator: path)
        try AtomicFile.write("\(path)/\(name)", Array(text.utf8), mode: 0o644)
    }

    func remove(_ name: String) { TestFolder.remove("\(path)/\(name)") }
    func exists(_ name: String) -> Bool { Files.exists("\(path)/\(name)") }

    /// Reads a file; returns an empty text while it does not exist.
    func read(_ name: String) -> String {
        let bytes = (try? Files.read("\(path)/\(name)", limit: 64 << 20)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }

    func lines(_ name: String) -> [String] { read(name).split(separator: "\n").map(String.init) }
}

/// Reads the kernel's data of a process.
enum Proc {
    /// Returns false for a zombie too.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let stat = fields(pid) else { return false }
        return stat[0] != "Z"
    }

    /// Returns the fields from its state on: state, parent, group …
    private static func fields(_ pid: Int32) -> [Substring]? {
        guard let bytes = try? Files.read("/proc/\(pid)/stat", limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    static func children(of pid: Int32) -> [Int32] {
        let all = ((try? Files.list("/proc")) ?? []).compactMap { Int32($0) }
        return all.filter { fields($0)?[1] == "\(pid)" }
    }

    static func descriptors(_ pid: Int32) -> Int { count("/proc/\(pid)/fd") }
    static func threads(_ pid: Int32) -> Int { count("/proc/\(pid)/task") }

    private static func count(_ folder: String) -> Int { ((try? Files.list(folder)) ?? []).count }

    /// Returns the bytes of memory in use.
    static func memory(_ pid: Int32) -> Int {
        let bytes = (try? Files.read("/proc/\(pid)/statm", limit: 4096)) ?? []
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
    }
}

/// The duration of endurance tests: `BADDAYS=long` for the whole time.
enum Endurance {
    static let isLong = getenv("BADDAYS").map { String(cString: $0) } == "long"
    static var reloads: GoDuration { .seconds(isLong ? 30 : 3) }
}
