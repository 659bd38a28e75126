internal import Primitives
package import Raft

/// The log of a server under `-dev`, which is lost when the process ends.
package final class MemoryLogStore: LogStore {
    private var state = HardState()
    private var outline = LogOutline()
    private var entries = FIFOQueue<LogEntry>()

    package init() {}

    package var firstIndex: LogIndex { outline.firstIndex }
    package var lastIndex: LogIndex { outline.lastIndex }
    package func term(at index: LogIndex) -> Term? { outline.term(at: index) }

    package func entries(
        _ range: ClosedRange<LogIndex>, bytesMax: Int
    ) throws -> [LogEntry] {
        let start = Int(range.lowerBound - outline.base - 1)
        var bytes = 0
        var end = start
        for entry in entries[start..<(start + range.count)] {
            bytes += entry.data.count
            if bytes > bytesMax, end > start { break }
            end += 1
        }
        return Array(entries[start..<end])
    }

    package func hardState() throws -> HardState { state }

    package func write(
        hardState: HardState?, truncateFrom: LogIndex?, entries new: [LogEntry]
    ) throws {
        if let gap = outline.gap(truncateFrom: truncateFrom, new) {
            throw RaftNodeError.failed(operation: "write", path: "the log", reason: gap)
        }
        if let hardState { state = hardState }
        if let truncateFrom, truncateFrom <= outline.last {
            entries.removeLast(Int(outline.last - truncateFrom + 1))
            outline.truncate(from: truncateFrom)
        }
        if outline.isEmpty, let first = new.first, first.index != outline.base + 1 {
            try reset(after: first.index - 1)
        }
        for entry in new { outline.append(entry.index, entry.term) }
        entries.append(contentsOf: new)
    }

    package func compact(through index: LogIndex) throws {
        let before = outline.base
        outline.compact(through: index)
        entries.removeFirst(Int(outline.base - before))
    }

    package func reset(after index: LogIndex) throws {
        outline.restart(after: index)
        entries.removeAll()
    }
}
