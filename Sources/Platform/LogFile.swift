import Glibc
package import Primitives
import Synchronization

/// The settings of a log file that is rotated when it is full or old.
package struct LogFileSettings: Hashable, Sendable {
    /// `log_file`: a path; with a trailing `/`, the folder of `consul.log`.
    package var path: String
    /// `log_rotate_bytes`; 0: no bound.
    package var rotateBytes = 0
    /// `log_rotate_duration`.
    package var rotateDuration = GoDuration.hours(24)
    /// `log_rotate_max_files`: the number of rotated files kept; 0: all, negative: none.
    package var maxFiles = 0

    package init(path: String) { self.path = path }
}

/// The writing end. As in Consul every file's name contains its creation time:
/// `consul-1795227300123456789.log`.
struct LogFile {
    private let settings: LogFileSettings
    private let folder: String
    private let stem: String
    private let suffix: String
    private let device: String?
    /// The path under which the current file was opened.
    private var path = ""
    private var file: OwnedDescriptor?
    private var written = 0
    private var begun = Instant.zero

    /// Opens a new file.
    /// - Parameter device: written to instead, in tests of full disks.
    init(_ settings: LogFileSettings, opening device: String? = nil) throws(FileError) {
        self.device = device
        self.settings = settings
        let slash = settings.path.lastIndex(of: "/")
        var name = slash.map { String(settings.path[settings.path.index(after: $0)...]) }
        let folder = slash.map { String(settings.path[..<$0]) } ?? "."
        self.folder = folder.isEmpty ? "/" : folder
        if slash == nil { name = settings.path }
        let full = name.map { $0.isEmpty ? "consul.log" : $0 } ?? "consul.log"
        let dot = full.lastIndex(of: ".").flatMap { $0 == full.startIndex ? nil : $0 }
        stem = dot.map { String(full[..<$0]) } ?? full
        suffix = dot.map { String(full[$0...]) } ?? ".log"
        try Files.makeDirectory(self.folder)
        try open()
        // Every start creates a file: the files of earlier starts count too.
        prune()
    }

    private mutating func open() throws(FileError) {
        try open(device ?? "\(folder)/\(stem)-\(SystemClock.unixNanoseconds())\(suffix)")
    }

    /// Opens the file anew under its name if another program has renamed or removed it, as
    /// logrotate does before it sends SIGHUP.
    mutating func reopenIfMoved() {
        guard let file, device == nil else { return }
        var (named, held) = (stat(), stat())
        let exists = stat(path, &named) == 0
        guard fstat(file.number, &held) == 0, !exists || named.st_ino != held.st_ino
            || named.st_dev != held.st_dev
        else { return }
        try? open(path)
    }

    private mutating func open(_ path: String) throws(FileError) {
        let number = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard number >= 0 else { throw FileError("open", path, code: errno) }
        file = OwnedDescriptor(number)
        self.path = path
        written = 0
        begun = SystemClock.now()
    }

    /// Writes lines. Drops those that cannot be written and counts them in `failed`.
    mutating func write(_ lines: [[UInt8]], failed: borrowing Atomic<Int>) {
        for line in lines {
            rotateIfDue(line.count)
            if file == nil { try? open() }  // the disk may have room again
            guard let file, Files.writeAll(file.number, line) == 0 else {
                failed.add(1, ordering: .relaxed)
                continue
            }
            written += line.count
        }
    }

    private mutating func rotateIfDue(_ count: Int) {
        let isFull =
            settings.rotateBytes > 0 && written > 0
            && written + count > settings.rotateBytes
        let isOld =
            settings.rotateDuration > .zero
            && SystemClock.now() - begun >= settings.rotateDuration
        guard isFull || isOld else { return }
        file = nil
        try? open()
        prune()
    }

    /// Removes the oldest rotated files beyond the bound.
    private func prune() {
        guard settings.maxFiles != 0, let names = try? Files.list(folder) else { return }
        let logFiles = names.filter { name in
            guard name.hasPrefix(stem + "-"), name.hasSuffix(suffix) else { return false }
            let time = name.dropFirst(stem.count + 1).dropLast(suffix.count)
            return time.count >= 19 && time.allSatisfy(\.isNumber)
        }
        // The names sort by time; the newest is the current file.
        for name in logFiles.dropLast(max(0, settings.maxFiles) + 1) {
            try? Files.remove("\(folder)/\(name)")
        }
    }
}
