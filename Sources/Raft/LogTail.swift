/// The bounds of the log, its durable part, and the changes of this step.
///
/// The store holds the entries; this holds only those of the present step, until the `persist`
/// directive that ends the step has handed them over.
struct LogTail: Sendable {
    private struct Write: Sendable {
        let sequence: UInt64
        /// The last index of the log once the write is done.
        var lastIndex: LogIndex
    }

    /// `lastIndex + 1` while there is no entry.
    private(set) var firstIndex: LogIndex
    /// The snapshot's index when no entry follows it.
    private(set) var lastIndex: LogIndex
    private(set) var lastTerm: Term
    private(set) var snapshotIndex: LogIndex
    private(set) var snapshotTerm: Term
    /// All entries up to this one are durable.
    private(set) var durableIndex: LogIndex
    /// Appended in this step; the last of them is at `lastIndex`.
    private(set) var fresh: [LogEntry] = []
    private(set) var truncateFrom: LogIndex?
    /// Pending writes, oldest first.
    private var writes: [Write] = []

    /// Opens the log.
    ///
    /// - Returns: the log as found, and the index up to which it must be dropped because it
    ///   contradicts the snapshot, which contains only committed entries: a crash came between the
    ///   two.
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

    /// Returns the term of an entry; nil for an entry that does not exist: not yet written, or
    /// compacted away. 0 before the first entry.
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

    /// Returns entries from `start` on, at least one, at most `countMax`; fewer at `bytesMax` or
    /// where the store's part ends.
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

    /// Returns the first entry of a term in `firstIndex...through`, which is of that term or a
    /// later one.
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

    /// Removes an entry and all after it.
    ///
    /// - Parameter previousTerm: the term of the entry before `index`.
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

    /// Returns the changes of this step, which are now part of the write with this number.
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

    /// Sets the newest snapshot, which covers a part of this log.
    mutating func setSnapshot(_ meta: SnapshotMeta) {
        snapshotIndex = meta.index
        snapshotTerm = meta.term
    }

    /// Replaces the log up to a snapshot of another server by it; with `keepsRest` the later
    /// entries stay.
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
