internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Platform
internal import Primitives
internal import Serf

/// The snapshot file: the members that were alive and the clocks, one record per line. Appends in
/// batches off the event loop, and rewrites the file when it has grown beyond its bound. Confined
/// to the loop.
final class SnapshotFile {
    private let path: String
    private let loop: any EventLoop
    private let logger: Logger
    private var state: SnapshotState
    private var pending: [UInt8] = []
    private var size: Int
    private var isScheduled = false
    private var isWriting = false
    private var isClosed = false
    private var waiters: [EventLoopPromise<Void>] = []

    /// Reads the file, if there is one. Unknown lines are skipped: a newer version may have written
    /// them.
    ///
    /// - Parameter rejoinsAfterLeave: keeps the members although this node has left.
    static func read(
        _ path: String, rejoinsAfterLeave: Bool, logger: Logger
    ) -> SnapshotState {
        guard Files.exists(path) else {
            return SnapshotState(rejoinsAfterLeave: rejoinsAfterLeave)
        }
        do throws(FileError) {
            return SnapshotState(
                try Files.read(path, limit: Limits.snapshotFileBytesMax),
                rejoinsAfterLeave: rejoinsAfterLeave)
        } catch {
            // The file only saves time: a node without it joins by its configuration.
            logger.warning(
                "serf: Failed to read snapshot; the next one replaces it",
                metadata: ["error": "\(error)"])
            return SnapshotState(rejoinsAfterLeave: rejoinsAfterLeave)
        }
    }

    init(path: String, state: SnapshotState, on loop: any EventLoop, logger: Logger) {
        self.path = path
        self.state = state
        self.loop = loop
        self.logger = logger
        // The first write replaces the old file: it may end in a torn line.
        size = Int.max
    }

    func append(_ record: SnapshotRecord) {
        guard !isClosed else { return }
        state.apply(record)
        pending += record.line.utf8
        pending.append(UInt8(ascii: "\n"))
        schedule()
    }

    private func schedule() {
        guard !isScheduled, !isWriting else { return }
        isScheduled = true
        let me = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .nanoseconds(Limits.snapshotDelay.nanoseconds)) { me.value.flush() }
    }

    private func flush() {
        isScheduled = false
        guard !isWriting, !pending.isEmpty else { return finishWaiters() }
        isWriting = true
        let replaces = size == Int.max || size + pending.count > state.compactionBytes
        var bytes = pending
        pending = []
        if replaces {
            bytes = state.records.flatMap { Array($0.line.utf8) + [UInt8(ascii: "\n")] }
        }
        size = replaces ? bytes.count : size + bytes.count
        let me = NIOLoopBound(self, eventLoop: loop)
        let path = path
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [bytes] in
            if replaces {
                try AtomicFile.write(path, bytes, mode: 0o644)
            } else {
                try Files.append(path, bytes, limit: Limits.snapshotFileBytesMax)
            }
        }.whenComplete { result in me.value.finish(result) }
    }

    private func finish(_ result: Result<Void, any Error>) {
        isWriting = false
        if case .failure(let error) = result {
            // The next batch writes the whole state again.
            size = Int.max
            logger.error(
                "serf: Failed to update snapshot", metadata: ["error": "\(error)"])
        }
        if !waiters.isEmpty { flush() } else if !pending.isEmpty { schedule() }
    }

    /// Writes the pending records, then completes. Later records are dropped.
    func close() -> EventLoopFuture<Void> {
        isClosed = true
        let done = loop.makePromise(of: Void.self)
        waiters.append(done)
        if !isWriting { flush() }
        return done.futureResult
    }

    private func finishWaiters() {
        let ready = waiters
        waiters = []
        for waiter in ready { waiter.succeed() }
    }
}
