internal import Raft

/// The parts of a log that are known without reading it: its bounds, and the terms of its entries
/// as runs, one for each leader. With them the newest entries.
struct LogOutline {
    /// The index before the first entry.
    private(set) var base: LogIndex = 0
    private(set) var last: LogIndex = 0
    /// The first index of each term, in order.
    private var runs: [(first: LogIndex, term: Term)] = []

    private var cache: [LogEntry] = []
    private var cachedBytes = 0

    init(base: LogIndex = 0) { restart(after: base) }

    var isEmpty: Bool { last == base }
    var firstIndex: LogIndex { isEmpty ? 0 : base + 1 }
    var lastIndex: LogIndex { isEmpty ? 0 : last }
    var lastTerm: Term { isEmpty ? 0 : runs.last?.term ?? 0 }

    func term(at index: LogIndex) -> Term? {
        guard index > base, index <= last else { return nil }
        if let run = runs.last, index >= run.first { return run.term }
        var low = 0
        var high = runs.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle].first <= index { low = middle } else { high = middle }
        }
        return runs[low].term
    }

    /// Adds the next entry, without caching it.
    mutating func append(_ index: LogIndex, _ term: Term) {
        if runs.last?.term != term { runs.append((index, term)) }
        last = index
    }

    mutating func append(_ entry: LogEntry) {
        append(entry.index, entry.term)
        cache.append(entry)
        cachedBytes += entry.data.count
        // Drops half of the cache at once, so that moving the rest costs each entry one move.
        let isOver =
            cachedBytes > Limits.cachedBytesMax || cache.count > Limits.cachedEntriesMax * 2
        if isOver {
            var dropped = max(0, cache.count - Limits.cachedEntriesMax)
            var bytes = cachedBytes - cache[..<dropped].reduce(0) { $0 + $1.data.count }
            while bytes > Limits.cachedBytesMax / 2, dropped < cache.count - 1 {
                bytes -= cache[dropped].data.count
                dropped += 1
            }
            cache.removeFirst(dropped)
            cachedBytes = bytes
        }
    }

    mutating func truncate(from index: LogIndex) {
        guard index <= last else { return }
        last = max(index - 1, base)
        while let run = runs.last, run.first > last { runs.removeLast() }
        while let entry = cache.last, entry.index > last {
            cachedBytes -= entry.data.count
            cache.removeLast()
        }
    }

    mutating func compact(through index: LogIndex) {
        let index = min(index, last)
        guard index > base else { return }
        base = index
        while runs.count > 1, runs[1].first <= base + 1 { runs.removeFirst() }
        if isEmpty { runs = [] }
        if let first = cache.first, first.index <= base {
            cache.removeFirst(min(cache.count, Int(base - first.index + 1)))
            cachedBytes = cache.reduce(0) { $0 + $1.data.count }
        }
    }

    mutating func restart(after index: LogIndex) {
        base = index
        last = index
        runs = []
        cache = []
        cachedBytes = 0
    }

    /// Returns the entries of a range if all of them are cached; at least one, and no more than fit
    /// in `bytesMax` of data.
    func cached(_ range: ClosedRange<LogIndex>, bytesMax: Int) -> [LogEntry]? {
        guard let first = cache.first?.index, range.lowerBound >= first,
            range.upperBound <= last
        else { return nil }
        let start = Int(range.lowerBound - first)
        let rest = cache[start...(start + range.count - 1)]
        var bytes = 0
        var end = start
        for entry in rest {
            bytes += entry.data.count
            if bytes > bytesMax, end > start { break }
            end += 1
        }
        return Array(cache[start..<end])
    }

    /// Describes the fault of a write that leaves a gap, or truncates beyond the log's bounds. The
    /// entries of an empty log may begin anywhere.
    func gap(truncateFrom: LogIndex?, _ entries: [LogEntry]) -> String? {
        if let truncateFrom, truncateFrom <= base {
            return "it is to be cut off at entry \(truncateFrom), and begins after entry \(base)"
        }
        guard let first = entries.first else { return nil }
        let end = truncateFrom.map { min($0 - 1, last) } ?? last
        var due = end == base ? max(first.index, 1) : end + 1
        for entry in entries {
            if entry.index != due { return "entry \(entry.index) comes where \(due) is due" }
            due += 1
        }
        return nil
    }
}
