import Primitives

/// Snapshots of this server's own (paper, section 7).
extension RaftCore {
    mutating func considerSnapshot() {
        snapshotDue = now + randomised(options.snapshotInterval)
        let applied = appliedIndex - min(appliedIndex, tail.snapshotIndex)
        guard applied >= max(1, options.snapshotThreshold), !isTakingSnapshot,
            !follower.isInstalling
        else { return }
        isTakingSnapshot = true
        out.append(.takeSnapshot)
    }

    /// Returns the description of the state machine when `index` is the last applied entry.
    /// - Parameter id: As `SnapshotMeta.id`.
    /// - Returns: nil when that is not after the newest snapshot, or was not handed out to be
    ///   applied.
    package func snapshotMeta(
        at index: LogIndex, id: String, log: some LogReader
    ) -> SnapshotMeta? {
        guard index > tail.snapshotIndex, index <= handedIndex,
            let term = tail.term(at: index, log),
            let entry = configurations.last(where: { $0.index <= index })
        else { return nil }
        return SnapshotMeta(
            id: id, index: index, term: term, configuration: entry.configuration,
            configurationIndex: entry.index)
    }

    mutating func snapshotTaken(_ meta: SnapshotMeta) {
        isTakingSnapshot = false
        guard meta.index > tail.snapshotIndex, meta.index <= handedIndex else { return }
        snapshot = meta
        tail.setSnapshot(meta)
        guard meta.index > options.trailingLogs else { return }
        let index = meta.index - options.trailingLogs
        guard index >= tail.firstIndex else { return }
        tail.compact(through: index)
        out.append(.compact(through: index))
    }
}
