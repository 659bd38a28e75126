import PluginAPI
import Primitives
import Synchronization

/// Accepts a job's output up to its bound, which also bounds the bytes queued for sending.
final class OutputGate: Sendable {
    private struct State {
        var kept = 0
        var total = 0
    }
    private let most: Int
    private let state = Mutex(State())

    init(most: Int) { self.most = most }

    /// Returns the part of these bytes to send; nil for none.
    func take(_ bytes: [UInt8]) -> [UInt8]? {
        let count = state.withLock { state in
            state.total += bytes.count
            let count = min(bytes.count, most - state.kept)
            state.kept += count
            return count
        }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    var total: Int { state.withLock { $0.total } }

    /// A notice for the caller about dropped output; nil when there was none.
    var notice: String? {
        let dropped = state.withLock { $0.total - $0.kept }
        return dropped > 0 ? "[\(dropped) more bytes of output were dropped by this node]" : nil
    }
}

/// Sends a job's output in parts: full ones at once, the rest after a delay without more; and an
/// empty one where the caller would otherwise wait too long for a report.
struct OutputUpload {
    enum Event: Sendable {
        case output([UInt8])
        /// The timer with this number has expired.
        case timer(Int)
        case ended(ProcessEnding)
    }

    private let run: NodeRun
    private let wait: GoDuration
    private let feed: AsyncStream<Event>.Continuation
    private var parts = OutputParts()
    private var number = 0
    private var timer: Task<Void, Never>?
    private var timers = 0

    init(run: NodeRun, wait: GoDuration, feed: AsyncStream<Event>.Continuation) {
        self.run = run
        self.wait = max(wait, Limits.heartbeatMin)
        self.feed = feed
    }

    /// Sends the output until the job ends.
    /// - Returns: how the job ended; nil when its output could not be sent.
    mutating func follow(_ events: AsyncStream<Event>) async -> ProcessEnding? {
        defer { timer?.cancel() }
        setTimer()
        for await event in events {
            switch event {
            case .output(let bytes):
                for part in parts.add(bytes) {
                    guard await send(part) else { return nil }
                }
                setTimer()
            case .timer(let set) where set == timers:
                guard await send(parts.flush()) else { return nil }
                setTimer()
            case .timer: break
            case .ended(let ending):
                if !parts.isEmpty, await !send(parts.flush()) { return nil }
                return ending
            }
        }
        return nil
    }

    /// Sends one more part after all others.
    mutating func add(_ bytes: [UInt8]) async -> Bool { await send(bytes) }

    private mutating func send(_ bytes: [UInt8]) async -> Bool {
        defer { number += 1 }
        return await run.write(.part(number), bytes)
    }

    private mutating func setTimer() {
        timer?.cancel()
        timers += 1
        let clock = run.context.clock
        let due = clock.now() + (parts.isEmpty ? wait : Limits.partIdle)
        timer = Task { [feed, timers] in
            if await clock.sleep(until: due) { feed.yield(.timer(timers)) }
        }
    }
}
