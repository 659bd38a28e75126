import Glibc
import Primitives
import Synchronization

/// A line of a child's output, without its line end.
package struct ChildLine: Hashable, Sendable {
    package var bytes: [UInt8]
    /// True when the line was longer than `Limits.lineBytesMax` and the rest was dropped.
    package var isTruncated = false
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A long-lived child with a line protocol, such as an external plugin.
///
/// It ends by `terminate`, by its own exit, or by `spec.timeout`. Its owner calls `terminate`;
/// dropping the last reference ends it too.
package final class ChildProcess: Sendable {
    private struct State {
        var isClosed = false
        var senders: [CheckedContinuation<Bool, Never>] = []
        var ending: ChildEnding?
        var waiters: [CheckedContinuation<ChildEnding, Never>] = []
    }

    /// The lines of its standard output. For one consumer.
    package let lines: ChildLines
    package var processIdentifier: Int32 { supervisor.pid }
    private let supervisor: ChildSupervisor
    private let state: StateBox

    private final class StateBox: Sendable {
        let value = Mutex(State())
        let errorBytes = Atomic<Int>(0)
    }

    /// The number of bytes written to standard error, also those of lines that were cut.
    package var errorBytesTotal: Int { state.errorBytes.load(ordering: .relaxed) }

    /// Starts the program. Blocks for well below a millisecond.
    /// - Parameter errorLine: called for each line of standard error on a thread that must not be
    ///   blocked.
    package static func start(
        _ spec: ProcessSpec, errorLine: @escaping @Sendable (ChildLine) -> Void = { _ in }
    ) throws(ChildProcessError) -> ChildProcess {
        let state = StateBox()
        let lines = ChildLines()
        do {
            let child = try ChildSupervisor.start(spec, separateError: true, holdsInputOpen: true) {
                lines.attach($0)
                return delegate(state, lines, errorLine)
            }
            return ChildProcess(child, lines, state)
        } catch {
            throw .failedToStart(error.reason)
        }
    }

    private init(_ supervisor: ChildSupervisor, _ lines: ChildLines, _ state: StateBox) {
        self.supervisor = supervisor
        self.lines = lines
        self.state = state
    }

    deinit {
        let supervisor = supervisor
        supervisor.loop.execute { supervisor.stop(nil, with: SIGKILL) }
    }

    private static func delegate(
        _ state: StateBox, _ lines: ChildLines,
        _ errorLine: @escaping @Sendable (ChildLine) -> Void
    ) -> ChildSupervisor.Delegate {
        var out = LineSplitter()
        var err = LineSplitter()
        return ChildSupervisor.Delegate(
            output: { bytes in lines.append(out.split(bytes)) },
            errorOutput: { bytes in
                state.errorBytes.add(bytes.count, ordering: .relaxed)
                for line in err.split(bytes) { errorLine(line) }
            },
            inputQueued: { count in
                guard count <= Limits.inputQueuedBytesMax else { return }
                let ready = state.value.withLock { state in
                    defer { state.senders = [] }
                    return state.senders
                }
                for sender in ready { sender.resume(returning: true) }
            },
            inputClosed: { closeInput(state) },
            ended: { ending in
                if let last = out.rest() { _ = lines.append([last]) }
                if let last = err.rest() { errorLine(last) }
                closeInput(state)
                let waiters = state.value.withLock { state in
                    state.ending = ending
                    defer { state.waiters = [] }
                    return state.waiters
                }
                lines.finish()
                for waiter in waiters { waiter.resume(returning: ending) }
            })
    }

    private static func closeInput(_ state: StateBox) {
        let senders = state.value.withLock { state in
            state.isClosed = true
            defer { state.senders = [] }
            return state.senders
        }
        for sender in senders { sender.resume(returning: false) }
    }

    /// Writes `line` and a line end. Returns once it is written or queued within the bound
    /// `Limits.inputQueuedBytesMax`; a child that does not read makes its senders wait.
    package func send(_ line: [UInt8]) async throws(ChildProcessError) {
        guard line.count <= Limits.lineBytesMax else { throw .lineTooLong(line.count) }
        let isBusy = state.value.withLock { $0.senders.count >= Limits.inputSendersMax }
        if isBusy { throw .busy }
        let isSent = await withCheckedContinuation { continuation in
            let refused = state.value.withLock { state in
                if state.isClosed { return true }
                state.senders.append(continuation)
                return false
            }
            if refused {
                continuation.resume(returning: false)
                return
            }
            supervisor.loop.execute { [supervisor, state] in
                if !supervisor.write(line + [UInt8(ascii: "\n")]) { Self.closeInput(state) }
            }
        }
        if !isSent { throw .closed }
    }

    /// Closes the child's input once all sent lines are written.
    package func closeInput() {
        supervisor.loop.execute { [supervisor] in supervisor.closeInput() }
    }

    package func signal(_ number: Int32) {
        supervisor.loop.execute { [supervisor] in supervisor.signal(number) }
    }

    /// Sends `signal` to the whole group, kills it `spec.killTimeout` later, and returns how it
    /// ended.
    @discardableResult
    package func terminate(signal: Int32 = SIGTERM) async -> ChildEnding {
        supervisor.loop.execute { [supervisor] in supervisor.stop(nil, with: signal) }
        return await exit()
    }

    /// Waits for the end and returns it.
    package func exit() async -> ChildEnding {
        await withCheckedContinuation { continuation in
            let ending = state.value.withLock { state in
                if state.ending == nil { state.waiters.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }
}

/// The lines of a child's output, read only as fast as they are consumed.
package final class ChildLines: AsyncSequence, Sendable {
    package typealias Element = ChildLine

    private struct State {
        var ready = FIFOQueue<ChildLine>()
        var bytes = 0
        var isFinished = false
        var isPaused = false
        var supervisor: ChildSupervisor?
        var waiter: CheckedContinuation<ChildLine?, Never>?
    }

    private let state = Mutex(State())

    func attach(_ supervisor: ChildSupervisor) { state.withLock { $0.supervisor = supervisor } }

    /// Queues lines, on the loop's thread. Returns false to pause reading until the consumer
    /// catches up.
    func append(_ lines: [ChildLine]) -> Bool {
        var handed: (CheckedContinuation<ChildLine?, Never>, ChildLine)?
        let canContinue = state.withLock { state in
            state.ready.append(contentsOf: lines)
            state.bytes += lines.reduce(0) { $0 + $1.bytes.count }
            if state.waiter != nil, let line = Self.pop(&state) {
                handed = (state.waiter.take()!, line)
            }
            state.isPaused =
                state.ready.count >= Limits.linesAheadMax
                || state.bytes >= Limits.lineBytesAheadMax
            return !state.isPaused
        }
        if let (waiter, line) = handed { waiter.resume(returning: line) }
        return canContinue
    }

    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            state.supervisor = nil
            return state.waiter.take()
        }
        waiter?.resume(returning: nil)
    }

    private static func pop(_ state: inout State) -> ChildLine? {
        guard let line = state.ready.popFirst() else { return nil }
        state.bytes -= line.bytes.count
        return line
    }

    private func next() async -> ChildLine? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                var resumed: ChildSupervisor?
                let answer: ChildLine?? = state.withLock { state in
                    if let line = Self.pop(&state) {
                        if state.isPaused && state.ready.isEmpty {
                            state.isPaused = false
                            resumed = state.supervisor
                        }
                        return .some(line)
                    }
                    if state.isFinished || state.waiter != nil || Task.isCancelled {
                        return .some(nil)
                    }
                    state.waiter = continuation
                    return nil
                }
                if let resumed { resumed.loop.execute { resumed.resumeOutput() } }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(returning: nil)
        }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let lines: ChildLines
        package mutating func next() async -> ChildLine? { await lines.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lines: self) }
}

/// Cuts a stream into lines of bounded length.
struct LineSplitter {
    private var partial: [UInt8] = []
    private var isTruncated = false

    mutating func split(_ bytes: UnsafeRawBufferPointer) -> [ChildLine] {
        var lines: [ChildLine] = []
        var left = bytes[...]
        while let end = left.firstIndex(of: UInt8(ascii: "\n")) {
            keep(left[..<end])
            lines.append(take())
            left = left[(end + 1)...]
        }
        keep(left)
        return lines
    }

    /// Returns the bytes after the last line end, at the end of the stream.
    mutating func rest() -> ChildLine? { partial.isEmpty && !isTruncated ? nil : take() }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        let room = Limits.lineBytesMax - partial.count
        if bytes.count > room { isTruncated = true }
        partial.append(contentsOf: bytes.prefix(room))
    }

    private mutating func take() -> ChildLine {
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        defer {
            partial = []
            isTruncated = false
        }
        return ChildLine(bytes: partial, isTruncated: isTruncated)
    }
}
