internal import Raft
internal import Synchronization

/// Holds a node's snapshots: on the disk of a durable server, or, under `-dev`, in memory, where
/// the image itself is the snapshot. For the thread that drives the node alone.
package final class SnapshotKeeper: @unchecked Sendable {
    private enum Storage {
        case disk(SnapshotStore)
        case memory((meta: SnapshotMeta, image: any StateImage)?)
    }

    private var storage: Storage

    package init(disk: SnapshotStore) { storage = .disk(disk) }
    package init() { storage = .memory(nil) }

    /// The store, for a writer; nil in memory.
    var store: SnapshotStore? {
        if case .disk(let store) = storage { return store }
        return nil
    }

    func hold(_ meta: SnapshotMeta, _ image: any StateImage) { storage = .memory((meta, image)) }

    /// Returns a function that reads the contents of a snapshot from the beginning.
    func source(of meta: SnapshotMeta) throws -> @Sendable () throws -> [UInt8]? {
        switch storage {
        case .disk(let store):
            let source = Unshared(try store.open(meta))
            return { try source.value.next() }
        case .memory(let held):
            guard let held, held.meta.id == meta.id else {
                throw RaftNodeError.failed(
                    operation: "open", path: meta.id, reason: "a newer one replaced it")
            }
            let image = Unshared(held.image)
            return { image.value.next() }
        }
    }
}

/// Wraps a value that is handed from one thread to another and used by one at a time.
final class Unshared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// Contents from a leader: written by the transport's thread, and discarded by the driving thread,
/// perhaps at the same time.
final class IncomingSnapshot: Sendable {
    private enum State {
        /// On disk.
        case writing(SnapshotSink)
        /// In memory.
        case gathering([[UInt8]])
        case finished(SnapshotMeta, [[UInt8]])
        case discarded
    }

    private let meta: SnapshotMeta
    private let state: Mutex<State>

    init(_ meta: SnapshotMeta, _ sink: sending SnapshotSink?) {
        self.meta = meta
        if let sink {
            state = Mutex(.writing(sink))
        } else {
            state = Mutex(.gathering([]))
        }
    }

    /// Adds the next piece; ignored once the snapshot is discarded.
    func take(_ piece: [UInt8]) throws {
        try state.withLock { state in
            switch state {
            case .writing(let sink): try sink.write(piece)
            case .gathering(var pieces):
                state = .discarded  // so that the array is not copied
                pieces.append(piece)
                state = .gathering(pieces)
            case .finished, .discarded: break
            }
        }
    }

    /// Completes the contents after the last piece.
    ///
    /// - Returns: false for a discarded snapshot.
    func finish() throws -> Bool {
        try state.withLock { state in
            switch state {
            case .writing(let sink):
                guard meta.size == 0 || sink.size == meta.size else {
                    throw RaftNodeError.failed(
                        operation: "receive", path: "a snapshot",
                        reason: "received \(sink.size) of \(meta.size) bytes")
                }
                state = .finished(try sink.finish(), [])
                return true
            case .gathering(let pieces):
                state = .finished(meta, pieces)
                return true
            case .finished, .discarded: return false
            }
        }
    }

    /// The description of the received contents, and in memory the pieces; nil before `finish`.
    var finished: (meta: SnapshotMeta, pieces: [[UInt8]])? {
        state.withLock { state in
            if case .finished(let meta, let pieces) = state { return (meta, pieces) }
            return nil
        }
    }

    func discard() {
        state.withLock { state in
            if case .writing(let sink) = state { sink.cancel() }
            state = .discarded
        }
    }
}
