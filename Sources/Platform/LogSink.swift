import CPosix
import Glibc
package import Logging
package import Primitives
import Synchronization

/// The outputs of the log.
package struct LogSettings: Sendable {
    package var level = Logger.Level.info
    package var form = LogForm.text
    package var toStandardOutput = true
    package var file: LogFileSettings?
    /// The facility's name, such as `LOCAL0`; nil: no syslog.
    package var syslogFacility: String?
    /// The socket of the system's log.
    package var syslogPath = "/dev/log"

    package init() {}
}

/// The log of the process: one level that can be changed, outputs, and watchers.
///
/// The logging thread formats a line; a thread of the sink writes it, so that a slow disk or a
/// stuck terminal delays no caller. When its queue is full, lines are dropped and counted.
package final class LogSink: Sendable {
    private struct State {
        var queue: [(Logger.Level, [UInt8])] = []
        var isWriting = false
        var isReopenDue = false
        var isClosed = false
        var recent: [LogEntry] = []
        var oldest = 0
        var watchers: [Int: LogWatcher] = [:]
        var nextWatcher = 0
        var file: LogFile?
        var systemLog: SystemLog?
    }

    private let state: Mutex<State>
    private let levelRank: Atomic<Int>
    /// The lowest level that any output or watcher accepts: checked before a line is formatted.
    private let enabledRank: Atomic<Int>
    private let dropped = Atomic<Int>(0)
    let failed = Atomic<Int>(0)
    private let settings: LogSettings
    private let wakeup: Wakeup

    /// Opens the outputs. Throws when the log file cannot be opened.
    package init(_ settings: LogSettings) throws(FileError) {
        self.settings = settings
        levelRank = Atomic(settings.level.rank)
        enabledRank = Atomic(settings.level.rank)
        var state = State()
        if let file = settings.file { state.file = try LogFile(file) }
        if let facility = settings.syslogFacility {
            state.systemLog = try SystemLog(facility: facility, path: settings.syslogPath)
        }
        self.state = Mutex(state)
        wakeup = Wakeup()
        Signals.ignorePipe()
        SystemThread.start("log-writer") { [weak self, wakeup] in Self.run(wakeup) { self } }
    }

    deinit { wakeup.signal() }

    /// Lines lost because the queue was full.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }
    /// Lines that an output refused: full disk, closed pipe.
    package var failedLines: Int { failed.load(ordering: .relaxed) }

    package var level: Logger.Level {
        get { Logger.Level(rank: levelRank.load(ordering: .relaxed)) }
        set {
            levelRank.store(newValue.rank, ordering: .relaxed)
            state.withLock { updateEnabled($0) }
        }
    }

    private func updateEnabled(_ state: borrowing State) {
        let lowest = state.watchers.values.map(\.level.rank).min() ?? .max
        enabledRank.store(min(lowest, levelRank.load(ordering: .relaxed)), ordering: .relaxed)
    }

    var enabled: Int { enabledRank.load(ordering: .relaxed) }

    /// Returns true when a line of that level would be kept. Cheaper than a logger's own check, for
    /// callers at each request.
    package func keeps(_ level: Logger.Level) -> Bool { level.rank >= enabled }

    /// Returns a logger for one part of the program: `agent`, `agent.server.raft`.
    package func logger(_ name: String) -> Logger {
        Logger(label: name) { SinkLogHandler(label: $0, sink: self) }
    }

    // MARK: Taking lines

    func log(
        _ level: Logger.Level, module: String, message: String, fields: [(String, String)]
    ) {
        let entry = LogEntry(
            level: level, module: module, message: message, fields: fields,
            unixNanoseconds: SystemClock.unixNanoseconds())
        let line = entry.line(settings.form)
        let isForOutputs = level.rank >= levelRank.load(ordering: .relaxed)
        let first = state.withLock { state in
            for watcher in state.watchers.values {
                watcher.offer(
                    level, watcher.form == settings.form ? line : entry.line(watcher.form))
            }
            keep(entry, in: &state)
            guard isForOutputs, !state.isClosed else { return false }
            guard state.queue.count < Limits.logLinesQueuedMax else {
                dropped.add(1, ordering: .relaxed)
                return false
            }
            state.queue.append((level, line))
            return state.queue.count == 1
        }
        if first { wakeup.signal() }
    }

    private func keep(_ entry: LogEntry, in state: inout State) {
        if state.recent.count < Limits.logLinesKept {
            state.recent.append(entry)
        } else {
            state.recent[state.oldest] = entry
            state.oldest = (state.oldest + 1) % Limits.logLinesKept
        }
    }

    // MARK: Watching

    /// Adds a watcher for `/v1/agent/monitor`: it receives the kept lines at or above `level`, if
    /// requested, then new ones. Returns nil beyond `Limits.logWatchersMax` watchers. Ends when the
    /// watcher is cancelled or released.
    /// - Parameter form: nil: that of the log itself.
    package func watch(
        level: Logger.Level, form: LogForm? = nil, showsRecent: Bool = true
    ) -> LogWatcher? {
        state.withLock { state in
            guard state.watchers.count < Limits.logWatchersMax else { return nil }
            state.nextWatcher += 1
            let id = state.nextWatcher
            let watcher = LogWatcher(level: level, form: form ?? settings.form) { [weak self] in
                self?.state.withLock {
                    $0.watchers[id] = nil
                    self?.updateEnabled($0)
                }
            }
            let kept = state.recent[state.oldest...] + state.recent[..<state.oldest]
            for entry in kept where showsRecent && entry.level.rank >= level.rank {
                watcher.offer(entry.level, entry.line(watcher.form))
            }
            state.watchers[id] = watcher
            updateEnabled(state)
            return watcher
        }
    }

    // MARK: Writing

    /// Requests that the writing thread reopens the log file if it was renamed or removed.
    package func reopenFile() {
        state.withLock { $0.isReopenDue = true }
        wakeup.signal()
    }

    /// Waits until all lines logged so far are written, at most `wait`.
    package func flush(wait: GoDuration = .seconds(2)) {
        let deadline = SystemClock.now() + wait
        while SystemClock.now() < deadline {
            if state.withLock({ $0.queue.isEmpty && !$0.isWriting }) { return }
            usleep(1000)
        }
    }

    /// Writes the queued lines and accepts no more. The watchers' streams end.
    package func close() {
        flush()
        let watchers = state.withLock { state in
            state.isClosed = true
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.cancel() }
        wakeup.signal()
    }

    /// Runs the writing thread. It holds the sink only while it works, and ends with it.
    private static func run(_ wakeup: Wakeup, _ sink: () -> LogSink?) {
        while true {
            wakeup.wait()
            guard let sink = sink(), !sink.writeQueued() else { break }
        }
    }

    /// Writes the queued lines. Returns true when the sink is closed.
    private func writeQueued() -> Bool {
        while true {
            var (lines, file, systemLog, isClosed) = state.withLock { state in
                let lines = state.queue
                state.queue = []
                state.isWriting = !lines.isEmpty
                if state.isReopenDue { state.file?.reopenIfMoved() }
                state.isReopenDue = false
                return (lines, state.file, state.systemLog, state.isClosed)
            }
            if lines.isEmpty { return isClosed }
            file?.write(lines.map(\.1), failed: failed)
            if settings.toStandardOutput {
                let bytes = lines.reduce(into: [UInt8]()) { $0 += $1.1 }
                if Files.writeAll(STDOUT_FILENO, bytes) != 0 {
                    failed.add(lines.count, ordering: .relaxed)
                }
            }
            if systemLog != nil {
                for (level, line) in lines
                where systemLog?.send(level, systemLine(line)) == false {
                    failed.add(1, ordering: .relaxed)
                }
            }
            state.withLock { state in
                state.file = file
                state.systemLog = systemLog
                state.isWriting = false
            }
            lines = []
        }
    }

    /// Returns a line for the system's log, which has a time and a level of its own: a text line
    /// without them.
    private func systemLine(_ line: [UInt8]) -> String {
        let skipped = settings.form == .text ? LogLine.headCount : 0
        return String(decoding: line.dropFirst(skipped).dropLast(), as: UTF8.self)
    }
}

/// Wakes the writing thread. Closed with its last owner.
private final class Wakeup: Sendable {
    private let descriptor = eventfd(0, Int32(EFD_CLOEXEC))

    func signal() {
        var one: UInt64 = 1
        _ = Glibc.write(descriptor, &one, 8)
    }

    func wait() {
        var count: UInt64 = 0
        while Glibc.read(descriptor, &count, 8) < 0 && errno == EINTR { continue }
    }

    deinit { Glibc.close(descriptor) }
}

/// A watcher of the log, with its own level and its own bounded queue.
package final class LogWatcher: Sendable {
    package let level: Logger.Level
    let form: LogForm
    /// Lines with their line ends. For one consumer. Ends at `cancel` and when the sink closes.
    package let lines: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let dropped = Atomic<Int>(0)
    private let ended: @Sendable () -> Void

    fileprivate init(
        level: Logger.Level, form: LogForm, ended: @escaping @Sendable () -> Void
    ) {
        self.level = level
        self.form = form
        self.ended = ended
        (lines, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Limits.logLinesQueuedPerWatcher))
    }

    /// Lines dropped because this watcher was too slow.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Ends the watching. The owner calls it once.
    package func cancel() {
        continuation.finish()
        ended()
    }

    fileprivate func offer(_ level: Logger.Level, _ line: [UInt8]) {
        guard level.rank >= self.level.rank else { return }
        if case .dropped = continuation.yield(line) { dropped.add(1, ordering: .relaxed) }
    }
}

/// Adapts the sink to swift-log.
struct SinkLogHandler: LogHandler {
    let label: String
    let sink: LogSink
    var metadata: Logger.Metadata = [:]
    private var ownRank = 0

    init(label: String, sink: LogSink) {
        self.label = label
        self.sink = sink
    }

    /// The sink's level; a logger can only raise it for itself.
    var logLevel: Logger.Level {
        get { Logger.Level(rank: max(ownRank, sink.enabled)) }
        set { ownRank = newValue.rank }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Ranks a key: the request's keys come first, its result's last; all others are sorted by name
    /// between them.
    private static func rank(_ key: String) -> Int {
        switch key {
        case "method": 0
        case "url": 1
        case "from": 2
        case "latency": 5
        case "error": 4
        default: 3
        }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
        let fields = all.map { ($0.key, "\($0.value)") }
            .sorted { (Self.rank($0.0), $0.0) < (Self.rank($1.0), $1.0) }
        sink.log(event.level, module: label, message: "\(event.message)", fields: fields)
    }
}
