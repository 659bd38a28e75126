import Memberlist
import Primitives
import Testing

@testable import Serf

@Suite struct SnapshotTests {
    private func state(_ text: String, rejoins: Bool = false) -> SnapshotState {
        SnapshotState(Array(text.utf8), rejoinsAfterLeave: rejoins)
    }

    @Test func linesAreThoseOfSerf() {
        let records: [(SnapshotRecord, String)] = [
            (.alive(name: "a b", SerfPool.address(2)), "alive: a b 127.0.0.2:8301"),
            (.notAlive(name: "a b"), "not-alive: a b"), (.clock(12), "clock: 12"),
            (.eventClock(3), "event-clock: 3"), (.queryClock(4), "query-clock: 4"),
            (.leave, "leave"),
        ]
        for (record, line) in records {
            #expect(record.line == line)
            #expect(SnapshotRecord(line: line) == record)
        }
        let other = [
            "", "#comment", "coordinate: {}", "alive: x", "alive:  1.2.3.4:5", "clock: -1",
            "clock: x", "leave ", "not-alive: ", "event-clock:", "alive: a 1.2.3.4",
        ]
        for line in other { #expect(SnapshotRecord(line: line) == nil, "\(line)") }
    }

    @Test func fileIsReplayed() {
        let found = state(
            """
            # a comment
            alive: n1 127.0.0.1:8301
            alive: n2 127.0.0.2:8301
            coordinate: {"Vec":[0]}
            clock: 7
            clock: 9
            not-alive: n1
            event-clock: 3
            query-clock: 2
            alive: n3 [::1]:8301
            alive: n4 127.0.0.4:83
            """)
        // The last line has no newline: it was torn.
        #expect(found.alive.keys.sorted() == ["n2", "n3"])
        #expect(found.clock == 9)
        #expect(found.eventClock == 3)
        #expect(found.queryClock == 2)
        #expect(!found.hasLeft)
        #expect(state("") == SnapshotState())
        #expect(state("alive: n1 127.0.0.1:8301") == SnapshotState())
    }

    @Test func departureClears() {
        let text = "alive: n1 127.0.0.1:8301\nclock: 5\nleave\n"
        #expect(state(text).alive.isEmpty)
        #expect(state(text).clock == 0)
        #expect(state(text).hasLeft)
        let kept = state(text, rejoins: true)
        #expect(kept.alive.count == 1)
        #expect(kept.clock == 5)
        #expect(kept.hasLeft)
        #expect(!state(text + "alive: n1 127.0.0.1:8301\n").hasLeft)
    }

    @Test(arguments: [false, true])
    func compactedFileGivesTheSameState(_ rejoins: Bool) {
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            var expected = SnapshotState(rejoinsAfterLeave: rejoins)
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                let name = "n\(Int.random(in: 0..<5, using: &random))"
                let time = UInt64.random(in: 0..<100, using: &random)
                let all: [SnapshotRecord] = [
                    .alive(name: name, SerfPool.address(3)), .notAlive(name: name),
                    .clock(time), .eventClock(time), .queryClock(time), .leave,
                ]
                expected.apply(all.randomElement(using: &random)!)
            }
            let text = expected.records.map { $0.line + "\n" }.joined()
            #expect(state(text, rejoins: rejoins) == expected)
        }
    }

    @Test func compactionBeginsLate() {
        var found = SnapshotState()
        #expect(found.compactionBytes == 128 * 1024)
        for number in 0..<1_000 { found.alive["n\(number)"] = SerfPool.address(1) }
        #expect(found.compactionBytes == 256_000)
    }

    @Test func clocksAndMinimumTimesAreRestored() {
        var restored = SnapshotState()
        restored.clock = 10
        restored.eventClock = 20
        restored.queryClock = 30
        let state = SerfState.fixture(restored: restored)
        #expect(state.clock.time == 11)
        #expect(state.eventClock.time == 21)
        #expect(state.queryClock.time == 31)
        #expect(state.eventTimeMin == 21)
        #expect(state.queryTimeMin == 31)
        #expect(SerfState.fixture().eventTimeMin == 0)
    }

    @Test func recordsStopAtTheDeparture() {
        var pool = SerfPool(["n1", "n2"])
        pool.request("n1") { .leave($0) }
        pool.run(for: .seconds(10))
        #expect(pool.records("n1") == ["leave"])
    }

    /// A member's name must not become a line of its own.
    @Test func namesWithNewlinesAreNotRecorded() {
        var state = SerfState.fixture()
        state.memberJoined(.fixture(2, name: "x\nleave"), now: .zero)
        state.memberGone(.fixture(2, name: "x\nleave", state: .dead), now: .zero)
        let records = state.takeDirectives().filter { if case .record = $0 { true } else { false } }
        #expect(records.isEmpty)
    }
}
