internal import Logging
internal import NIOCore
internal import Platform
internal import Primitives
internal import Raft
internal import Telemetry

/// Takes, sends, receives and installs snapshots. Long work is done on the background loop; the
/// node continues meanwhile.
extension RaftDriver {
    func takeSnapshot(_ node: RaftNode) {
        let milliseconds = SystemClock.unixNanoseconds() / 1_000_000
        let index = appliedIndex
        guard
            let meta = core.snapshotMeta(
                at: index, id: "\(core.term)-\(index)-\(milliseconds)", log: log)
        else {
            enqueue(.snapshotNotTaken)
            return
        }
        let start = clock()
        let image = machine.image(lastIndex: index)
        setup.metrics.snapshotCreate.record(clock() - start)
        guard let store = snapshots.store else {
            snapshots.hold(meta, image)
            enqueue(.snapshotTaken(meta))
            return
        }
        let (files, logger) = (Unshared(store), logger)
        let (persist, clock) = (setup.metrics.snapshotPersist, clock)
        background.execute { [weak node] in
            ThreadPriority.lower()
            let start = clock()
            do {
                let finished = try Self.write(image, as: meta, milliseconds, in: files.value)
                persist.record(clock() - start)
                node?.receive(.snapshotTaken(finished))
            } catch {
                logger.error("raft: cannot take a snapshot", metadata: ["error": "\(error)"])
                node?.receive(.snapshotNotTaken)
            }
            for warning in files.value.takeWarnings() { logger.warning("raft: \(warning)") }
        }
    }

    static func write(
        _ image: any StateImage, as meta: SnapshotMeta, _ milliseconds: Int64,
        in store: SnapshotStore
    ) throws -> SnapshotMeta {
        let sink = try store.create(
            index: meta.index, term: meta.term, configuration: meta.configuration,
            configurationIndex: meta.configurationIndex, milliseconds: milliseconds)
        var image = image
        do {
            while let piece = image.next() { try sink.write(piece) }
            let finished = try sink.finish()
            store.removeOld()
            return finished
        } catch {
            sink.cancel()
            throw error
        }
    }

    // MARK: Between servers

    func sendSnapshot(
        _ request: InstallSnapshot, _ peer: Peer, _ exchange: ExchangeID, _ node: RaftNode
    ) {
        do {
            let source = try snapshots.source(of: request.meta)
            transport.sendSnapshot(request, to: peer, exchange: exchange, source: source)
        } catch {
            logger.error("raft: cannot send a snapshot", metadata: ["error": "\(error)"])
            enqueue(.failed(exchange: exchange))
        }
    }

    func receiveSnapshot(_ meta: SnapshotMeta, _ exchange: ExchangeID, _ node: RaftNode) {
        let incoming: IncomingSnapshot
        do {
            let sink = try snapshots.store?.create(
                index: meta.index, term: meta.term, configuration: meta.configuration,
                configurationIndex: meta.configurationIndex,
                milliseconds: SystemClock.unixNanoseconds() / 1_000_000)
            incoming = IncomingSnapshot(meta, sink)
        } catch {
            logger.error("raft: cannot receive a snapshot", metadata: ["error": "\(error)"])
            enqueue(.snapshotFailed(exchange: exchange))
            return
        }
        self.incoming[exchange] = incoming
        let logger = logger
        transport.receiveContents(of: exchange) { [weak node] piece in
            do {
                if let piece {
                    try incoming.take(piece)
                } else if try incoming.finish() {
                    node?.receive(.snapshotReceived(exchange: exchange))
                }
            } catch {
                logger.error("raft: cannot receive a snapshot", metadata: ["error": "\(error)"])
                node?.receive(.snapshotFailed(exchange: exchange))
            }
        } fail: { [weak node] error in
            logger.warning("raft: a snapshot was cut off", metadata: ["error": "\(error)"])
            node?.receive(.snapshotFailed(exchange: exchange))
        }
    }

    /// Installs contents that are whole on the disk: the state machine loads them, and the log
    /// begins anew after them when the core directs it.
    func installSnapshot(_ exchange: ExchangeID) throws {
        guard let (meta, pieces) = incoming.removeValue(forKey: exchange)?.finished else {
            throw RaftNodeError.failed(
                operation: "install", path: "a snapshot", reason: "its contents did not arrive")
        }
        if let store = snapshots.store {
            let source = try store.open(meta)
            try machine.restore { try source.next() }
            appliedIndex = meta.index
            store.removeOld()
        } else {
            var pieces = pieces[...]
            try machine.restore { pieces.popFirst() }
            appliedIndex = meta.index
            snapshots.hold(meta, machine.image(lastIndex: meta.index))
        }
    }

    // MARK: By the operator's hand

    /// Writes contents from outside down as a snapshot, then loads it into the state machine.
    ///
    /// - Returns: nil when they could not be written, and nothing was done.
    func restore(_ contents: RaftNode.Contents, as meta: SnapshotMeta) throws -> SnapshotMeta? {
        let milliseconds = SystemClock.unixNanoseconds() / 1_000_000
        guard let store = snapshots.store else {
            var image = contents(meta.index)
            try machine.restore { image.next() }
            appliedIndex = meta.index
            var held = meta
            held.id = "\(meta.term)-\(meta.index)-\(milliseconds)"
            snapshots.hold(held, machine.image(lastIndex: meta.index))
            return held
        }
        let finished: SnapshotMeta
        do {
            finished = try Self.write(contents(meta.index), as: meta, milliseconds, in: store)
        } catch RaftNodeError.unusable(let path, let reason) {
            // A start may find the snapshot, so this server must not continue with the former
            // state.
            throw RaftNodeError.unusable(path: path, reason: reason)
        } catch {
            logger.error("raft: cannot restore a snapshot", metadata: ["error": "\(error)"])
            return nil
        }
        let source = try store.open(finished)
        try machine.restore { try source.next() }
        appliedIndex = finished.index
        return finished
    }

    /// Discards all snapshots that are still being received.
    func discardIncoming() {
        for (_, snapshot) in incoming { snapshot.discard() }
        incoming = [:]
    }
}
