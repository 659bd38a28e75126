internal import ConsulModel
internal import ConsulState
internal import NIOPosix
internal import Platform
internal import Primitives
internal import Raft
internal import RaftNode

/// Holds the handlers that save the whole state in one archive and restore it. The long work runs
/// on a thread of its own: reads and writes continue meanwhile.
enum SnapshotHandlers {
    static func register(in table: inout EndpointTable, onRestored: @escaping @Sendable () -> Void)
    {
        let log = table.log
        table.addStream(.snapshotSave) { request, reply in
            guard !request.allowsStale else { return save(log, reply) }
            // The archive contains everything that was committed before the request.
            log.node.barrier { result in
                switch result {
                case .success(let index): save(log, through: index, reply)
                case .failure(let refusal): reply(.failure(ConsulError(refusal)))
                }
            }
        }
        table.addStream(.snapshotRestore) { request, reply in
            NIOThreadPool.singleton.submit { _ in
                let restored: (machine: FSM, meta: SnapshotMeta)
                do { restored = try read(request.next) } catch {
                    let reason = "failed to read snapshot file: \(error)"
                    return reply(.failure(ConsulError(.internal, reason)))
                }
                let machine = restored.machine
                log.node.restore(beyond: restored.meta.index) { lastIndex in
                    Applier.Image(of: machine, lastIndex: lastIndex)
                } reply: { result in
                    if case .success = result { onRestored() }
                    reply(result.map { _ in true }.mapError { ConsulError($0) })
                }
            }
        }
    }

    private static func save(
        _ log: RaftLog, through index: LogIndex = 0, _ reply: @escaping Reply<SnapshotArchive>
    ) {
        let status = log.node.status
        let (image, newest) = log.newest(atLeast: max(index, status.appliedIndex))
        var meta = QueryMeta(index: newest)
        if index == 0 { (meta.knownLeader, meta.lastContact) = log.contact() }
        let answered = meta
        let described = SnapshotMeta(
            index: meta.index, term: status.term, configuration: status.configuration,
            configurationIndex: status.configurationIndex)
        NIOThreadPool.singleton.submit { _ in
            reply(.success(SnapshotArchive(archive(image, described), answered)))
        }
    }

    /// Encodes the state twice, because the archive holds its size before it.
    private static func archive(_ image: any StateImage, _ described: SnapshotMeta) -> [UInt8] {
        var meta = described
        var sizing = image
        while let piece = sizing.next() { meta.size += UInt64(piece.count) }
        let nanoseconds = SystemClock.unixNanoseconds()
        meta.id = "\(meta.term)-\(meta.index)-\(nanoseconds / 1_000_000)"
        let writer = SnapshotArchiveWriter(meta, seconds: nanoseconds / 1_000_000_000)
        var bytes = writer.begin()
        var contents = image
        while let piece = contents.next() { bytes += writer.add(piece) }
        return bytes + writer.finish()
    }

    /// Returns the archive's state after checking its sums.
    private static func read(_ next: () throws -> [UInt8]?) throws -> (FSM, SnapshotMeta) {
        let reader = SnapshotArchiveReader()
        var restore = StateRestore()
        while let part = try next() {
            try reader.receive(part) { piece in try restore.receive(piece) }
        }
        let meta = try reader.finish()
        return (try restore.finish().machine, meta)
    }
}
