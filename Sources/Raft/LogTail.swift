/// Where the log begins and ends, which of it is on disk, and what this step adds to it.
///
/// The entries themselves are the store's; only those of the step in hand are here, until the
/// `persist` directive that ends the step has given them away.
struct LogTail: Sendable {
    private struct Write: Sendable {
        let sequence: UInt64
        /// The log ends there once it is done.
        var lastIndex: LogIndex
    }

    /// `lastIndex + 1` while there is no entry.
    private(set) var firstIndex: LogIndex
    /// The snapshot's when there is no entry behind it.
    private(set) var lastIndex: LogIndex
    private(set) var lastTerm: Term
    private(set) var snapshotIndex: LogIndex
    private(set) var snapshotTerm: Term
    /// All up to this one survive a power cut.
    private(set) var durableIndex: LogIndex
    /// Appended in this step, the last of them at `lastIndex`.
    private(set) var fresh: [LogEntry] = []
    private(set) var truncateFrom: LogIndex?
    /// Not yet done, oldest first.
    private var writes: [Write] = []

    /// - Returns: The log as found, and up to where it must be dropped because the snapshot, which
    ///   only holds what is committed, knows better: a crash came between the two.
    static func open(
        _ log: some LogReader, snapshot: SnapshotMeta?
    ) -> (tail: LogTail, dropThrough: LogIndex?) {
        let index = snapshot?.index ?? 0
        let term = snapshot?.term ?? 0
        var tail = LogTail(
            firstIndex: index + 1, lastIndex: index, lastTerm: term, snapshotIndex: index,
            snapshotTerm: term, durableIndex: index)
        guard log.lastIndex > 0 else { return (tail, nil) }
        let follows = log.firstIndex == index + 1 || log.term(at: index) == term
        guard log.lastIndex >= index, follows else { return (tail, log.lastIndex) }
        tail.firstIndex = log.firstIndex
        tail.lastIndex = log.lastIndex
        tail.lastTerm = log.term(at: log.lastIndex) ?? term
        tail.durableIndex = log.lastIndex
        return (tail, nil)
    }

    private init(
        firstIndex: LogIndex, lastIndex: LogIndex, lastTerm: Term, snapshotIndex: LogIndex,
        snapshotTerm: Term, durableIndex: LogIndex
    ) {
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.lastTerm = lastTerm
        self.snapshotIndex = snapshotIndex
        self.snapshotTerm = snapshotTerm
        self.durableIndex = durableIndex
    }

    var isChanged: Bool { truncateFrom != nil || !fresh.isEmpty }

    // MARK: Reading

    /// nil for what is not there: not yet written, or compacted away. 0 before the first entry.
    func term(at index: LogIndex, _ log: some LogReader) -> Term? {
        if index == 0 { return 0 }
        if index == lastIndex { return lastTerm }
        if index == snapshotIndex { return snapshotTerm }
        guard index >= firstIndex, index < lastIndex else { return nil }
        if let start = fresh.first?.index, index >= start {
            return fresh[Int(index - start)].term
        }
        return log.term(at: index)
    }

    /// Entries from `start` on, at least one, at most `countMax`; fewer where `bytesMax` or the
    /// store's part ends.
    func entries(
        from start: LogIndex, countMax: Int, bytesMax: Int, _ log: some LogReader
    ) throws -> [LogEntry] {
        let end = min(lastIndex, start + LogIndex(max(1, countMax)) - 1)
        guard let freshStart = fresh.first?.index else {
            return try log.entries(start...end, bytesMax: bytesMax)
        }
        guard start >= freshStart else {
            return try log.entries(start...min(end, freshStart - 1), bytesMax: bytesMax)
        }
        var bytes = 0
        let slice = fresh[Int(start - freshStart)...Int(end - freshStart)]
        let fitting = slice.prefix { entry in
            bytes += entry.data.count
            return bytes <= bytesMax
        }
        return Array(fitting.isEmpty ? slice.prefix(1) : fitting)
    }

    /// The first entry of a term in `firstIndex...through`, which is of that term or a later one.
    func firstIndex(
        ofTerm term: Term, through: LogIndex, _ log: some LogReader
    ) -> LogIndex {
        var low = firstIndex
        var high = through
        while low < high {
            let middle = low + (high - low) / 2
            if let found = self.term(at: middle, log), found >= term {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return high
    }

    // MARK: Writing

    mutating func append(_ entry: LogEntry) {
        precondition(entry.index == lastIndex + 1, "gap in the log: \(lastIndex), \(entry.index)")
        fresh.append(entry)
        lastIndex = entry.index
        lastTerm = entry.term
    }

    /// - Parameter previousTerm: Of the entry before `index`.
    mutating func truncate(from index: LogIndex, previousTerm: Term) {
        if let start = fresh.first?.index, start < index {
            fresh.removeLast(Int(lastIndex - index) + 1)
        } else {
            fresh = []
            truncateFrom = min(truncateFrom ?? index, index)
        }
        lastIndex = index - 1
        lastTerm = previousTerm
        durableIndex = min(durableIndex, lastIndex)
        for slot in writes.indices {
            writes[slot].lastIndex = min(writes[slot].lastIndex, lastIndex)
        }
    }

    /// The step's changes, now part of the write with this number.
    mutating func giveAway(sequence: UInt64) -> (truncateFrom: LogIndex?, entries: [LogEntry]) {
        defer {
            fresh = []
            truncateFrom = nil
        }
        writes.append(Write(sequence: sequence, lastIndex: lastIndex))
        return (truncateFrom, fresh)
    }

    mutating func persisted(sequence: UInt64) {
        let done = writes.prefix { $0.sequence <= sequence }
        guard let last = done.last else { return }
        durableIndex = max(last.lastIndex, snapshotIndex)
        writes.removeFirst(done.count)
    }

    mutating func compact(through index: LogIndex) {
        firstIndex = max(firstIndex, min(index, lastIndex) + 1)
    }

    /// A snapshot of what is in this log.
    mutating func setSnapshot(_ meta: SnapshotMeta) {
        snapshotIndex = meta.index
        snapshotTerm = meta.term
    }

    /// A snapshot from elsewhere takes the place of everything up to it; with `keepsRest` the
    /// entries behind it stay.
    mutating func install(_ meta: SnapshotMeta, keepsRest: Bool) {
        setSnapshot(meta)
        durableIndex = max(durableIndex, meta.index)
        guard !keepsRest else { return compact(through: meta.index) }
        firstIndex = meta.index + 1
        lastIndex = meta.index
        lastTerm = meta.term
        durableIndex = meta.index
        for slot in writes.indices { writes[slot].lastIndex = meta.index }
    }
}
