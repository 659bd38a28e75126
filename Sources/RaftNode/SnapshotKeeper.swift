internal import Raft

/// Where a node's snapshots are: on the disk of a durable server, or, under `-dev`, in memory, where
/// the image itself is the snapshot. Only for the thread that drives the node, but for what it says.
package final class SnapshotKeeper: @unchecked Sendable {
    private enum Place {
        case disk(SnapshotStore)
        case memory((meta: SnapshotMeta, image: any StateImage)?)
    }

    private var place: Place

    package init(disk: SnapshotStore) { place = .disk(disk) }
    package init() { place = .memory(nil) }

    /// The store, for whoever writes; nil in memory.
    var store: SnapshotStore? {
        if case .disk(let store) = place { return store }
        return nil
    }

    func hold(_ meta: SnapshotMeta, _ image: any StateImage) { place = .memory((meta, image)) }

    /// Gives the contents of a snapshot from its beginning.
    func source(of meta: SnapshotMeta) throws -> @Sendable () throws -> [UInt8]? {
        switch place {
        case .disk(let store):
            let source = Unshared(try store.open(meta))
            return { try source.value.next() }
        case .memory(let held):
            guard let held, held.meta.id == meta.id else {
                throw RaftNodeError.failed(
                    operation: "open", path: meta.id, reason: "a newer one took its place")
            }
            let image = Unshared(held.image)
            return { image.value.next() }
        }
    }
}

/// For a value that is handed from one thread to another and used by one at a time.
final class Unshared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// Contents that come from a leader.
final class IncomingSnapshot: @unchecked Sendable {
    let meta: SnapshotMeta
    /// On disk, or in memory.
    var sink: SnapshotSink?
    var pieces: [[UInt8]] = []
    var finished: SnapshotMeta?

    init(_ meta: SnapshotMeta, _ sink: SnapshotSink?) {
        self.meta = meta
        self.sink = sink
    }

    func discard() {
        sink?.cancel()
        pieces = []
    }
}
