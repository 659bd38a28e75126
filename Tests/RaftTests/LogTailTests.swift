import Testing

@testable import Raft

/// The end of the log, and its durable part.
@Suite struct LogTailTests {
    private func entry(_ index: LogIndex, _ term: Term) -> LogEntry {
        LogEntry(index: index, term: term, kind: .command, data: [UInt8(index)])
    }

    private func log(_ terms: [Term], from first: LogIndex = 1) -> ScriptLog {
        let items = zip(first..., terms).map { entry($0, $1) }
        return ScriptLog(base: first - 1, items: items)
    }

    private func meta(_ index: LogIndex, _ term: Term) -> SnapshotMeta {
        SnapshotMeta(
            index: index, term: term, configuration: Configuration(), configurationIndex: 1)
    }

    @Test func anEmptyLogEndsAtTheSnapshot() {
        let (tail, drop) = LogTail.open(ScriptLog(), snapshot: meta(10, 3))
        #expect(tail.lastIndex == 10)
        #expect(tail.lastTerm == 3)
        #expect(tail.firstIndex == 11)
        #expect(drop == nil)
    }

    @Test func logBeyondTheSnapshotIsKept() {
        let around = LogTail.open(log([1, 1, 2, 2]), snapshot: meta(3, 2))
        #expect(around.dropThrough == nil)
        #expect(around.tail.lastIndex == 4)
        let behind = LogTail.open(log([2], from: 4), snapshot: meta(3, 2))
        #expect(behind.dropThrough == nil)
        #expect(behind.tail.lastIndex == 4)
    }

    /// A crash between installing a snapshot and dropping the log.
    @Test func aLogThatTheSnapshotContradictsIsDropped() {
        #expect(LogTail.open(log([1, 1, 1, 1]), snapshot: meta(3, 2)).dropThrough == 4)
        #expect(LogTail.open(log([1, 1]), snapshot: meta(3, 2)).dropThrough == 2)
        #expect(LogTail.open(log([5], from: 7), snapshot: meta(3, 2)).dropThrough == 7)
    }

    @Test func onlyReportedWritesAreDurable() {
        let log = ScriptLog()
        var tail = LogTail.open(log, snapshot: nil).tail
        tail.append(entry(1, 1))
        _ = tail.giveAway(sequence: 1)
        tail.append(entry(2, 1))
        _ = tail.giveAway(sequence: 2)
        #expect(tail.durableIndex == 0)
        tail.persisted(sequence: 1)
        #expect(tail.durableIndex == 1)
        tail.persisted(sequence: 2)
        #expect(tail.durableIndex == 2)
    }

    /// A report of a write whose entries were truncated does not apply to the entries that replaced
    /// them.
    @Test func truncatedEntriesAreNotDurable() {
        var tail = LogTail.open(log([1, 1, 1]), snapshot: nil).tail
        tail.append(entry(4, 1))
        tail.append(entry(5, 1))
        _ = tail.giveAway(sequence: 1)
        tail.truncate(from: 3, previousTerm: 1)
        tail.append(entry(3, 2))
        tail.append(entry(4, 2))
        let given = tail.giveAway(sequence: 2)
        #expect(given.truncateFrom == 3)
        #expect(given.entries.map { $0.term } == [2, 2])
        #expect(tail.durableIndex == 2)
        tail.persisted(sequence: 1)
        #expect(tail.durableIndex == 2)
        tail.persisted(sequence: 2)
        #expect(tail.durableIndex == 4)
    }

    @Test func truncationWithinTheStepWritesNothing() {
        var tail = LogTail.open(log([1]), snapshot: nil).tail
        for index in LogIndex(2)...5 { tail.append(entry(index, 1)) }
        tail.truncate(from: 4, previousTerm: 1)
        #expect(tail.truncateFrom == nil)
        #expect(tail.fresh.map { $0.index } == [2, 3])
        #expect(tail.lastIndex == 3)
    }

    @Test func termsAreFoundInLogStepAndSnapshot() {
        let log = log([2, 3, 3], from: 6)
        var tail = LogTail.open(log, snapshot: meta(5, 2)).tail
        tail.append(entry(9, 4))
        tail.append(entry(10, 4))
        #expect(tail.term(at: 0, log) == 0)
        #expect(tail.term(at: 4, log) == nil)
        #expect(tail.term(at: 5, log) == 2)
        #expect(tail.term(at: 7, log) == 3)
        #expect(tail.term(at: 9, log) == 4)
        #expect(tail.term(at: 10, log) == 4)
        #expect(tail.term(at: 11, log) == nil)
        #expect(tail.firstIndex(ofTerm: 3, through: 8, log) == 7)
        #expect(tail.firstIndex(ofTerm: 4, through: 10, log) == 9)
    }

    @Test func installedSnapshotReplacesTheLog() {
        var tail = LogTail.open(log([1, 1, 1, 1]), snapshot: nil).tail
        tail.install(meta(9, 4), keepsRest: false)
        #expect(tail.firstIndex == 10)
        #expect(tail.lastIndex == 9)
        #expect(tail.lastTerm == 4)
        #expect(tail.durableIndex == 9)
    }
}
