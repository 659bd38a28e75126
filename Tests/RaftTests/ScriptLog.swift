import Raft

/// A log that is on disk as soon as it is written.
struct ScriptLog: LogReader {
    struct Unreadable: Error {}

    var base: LogIndex = 0
    var items: [LogEntry] = []

    var firstIndex: LogIndex { items.isEmpty ? 0 : base + 1 }
    var lastIndex: LogIndex { items.isEmpty ? 0 : base + LogIndex(items.count) }

    func term(at index: LogIndex) -> Term? {
        index > base && index <= base + LogIndex(items.count)
            ? items[Int(index - base) - 1].term : nil
    }

    func entries(_ range: ClosedRange<LogIndex>, bytesMax: Int) throws -> [LogEntry] {
        guard range.lowerBound > base, range.upperBound <= lastIndex else { throw Unreadable() }
        return Array(items[Int(range.lowerBound - base) - 1...Int(range.upperBound - base) - 1])
    }

    mutating func write(_ persist: Persist) {
        if let from = persist.truncateFrom { items.removeAll { $0.index >= from } }
        if items.isEmpty, let first = persist.entries.first { base = first.index - 1 }
        items += persist.entries
    }

    mutating func compact(through index: LogIndex) {
        items.removeAll { $0.index <= index }
        base = max(base, index)
    }

    var configurations: [StoredState.ConfigurationEntry] {
        items.filter { $0.kind == .configuration }.compactMap { entry in
            Configuration(encoded: entry.data).map { .init(index: entry.index, configuration: $0) }
        }
    }
}
