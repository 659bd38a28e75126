package import Raft

/// A log in memory: the reader's view of a store, and the state after a restart.
package struct SimulatedLog: LogReader, Sendable {
    package struct Unreadable: Error {}

    package private(set) var base: LogIndex = 0
    package private(set) var items: [LogEntry] = []

    package init() {}

    package var firstIndex: LogIndex { items.isEmpty ? 0 : base + 1 }
    package var lastIndex: LogIndex { items.isEmpty ? 0 : base + LogIndex(items.count) }

    package func entry(at index: LogIndex) -> LogEntry? {
        guard index > base, index <= base + LogIndex(items.count) else { return nil }
        return items[Int(index - base) - 1]
    }

    package func term(at index: LogIndex) -> Term? { entry(at: index)?.term }

    package func entries(
        _ range: ClosedRange<LogIndex>, bytesMax: Int
    ) throws -> [LogEntry] {
        guard range.lowerBound > base, range.upperBound <= lastIndex else { throw Unreadable() }
        return Array(items[Int(range.lowerBound - base) - 1...Int(range.upperBound - base) - 1])
    }

    package mutating func truncate(from index: LogIndex) {
        guard index <= lastIndex else { return }
        items.removeLast(Int(lastIndex - max(index, base + 1)) + 1)
    }

    /// Appends an entry.
    ///
    /// - Returns: false for a gap, which no store accepts.
    package mutating func append(_ entry: LogEntry) -> Bool {
        if items.isEmpty { base = entry.index - 1 }
        guard entry.index == base + LogIndex(items.count) + 1 else { return false }
        items.append(entry)
        return true
    }

    package mutating func compact(through index: LogIndex) {
        guard index > base else { return }
        items.removeFirst(min(items.count, Int(index - base)))
        base = index
    }

    package mutating func setLastData(_ data: [UInt8]) { items[items.count - 1].data = data }
}
