import Memberlist
import Primitives
import Testing
import Wire

@testable import Serf

@Suite struct UserEventTests {
    private func event(
        _ name: String, _ lTime: UInt64, _ payload: String = ""
    ) -> UserEventRecord {
        var event = UserEventRecord()
        event.lTime = lTime
        event.name = name
        event.payload = Bytes(payload)
        return event
    }

    private func names(_ events: [SerfEvent]) -> [String] {
        events.compactMap { if case .user(let message) = $0 { message.name } else { nil } }
    }

    @Test func newEventsAreDeliveredRecordedAndGossiped() {
        var state = SerfState.fixture()
        state.receive(.userEvent, event("a", 3, "x"))
        let expected = UserMessage(
            lTime: 3, name: "a", payload: Array("x".utf8), coalesces: false)
        let directives = state.takeDirectives()
        #expect(directives.contains(.event(.user(expected))))
        #expect(directives.contains(.record(.eventClock(3))))
        #expect(state.queued(.events).count == 1)
        #expect(state.eventClock.time == 4)
    }

    @Test func repetitionsAreDropped() {
        var state = SerfState.fixture()
        state.receive(.userEvent, event("a", 3, "x"))
        state.receive(.userEvent, event("a", 3, "x"))
        state.receive(.userEvent, event("a", 3, "y"))
        state.receive(.userEvent, event("b", 3, "x"))
        state.receive(.userEvent, event("a", 4, "x"))
        #expect(names(state.events()) == ["a", "a", "b", "a"])
        #expect(state.queued(.events).count == 4)
    }

    @Test func ringForgetsAfter512Steps() {
        var state = SerfState.fixture()
        state.receive(.userEvent, event("a", 1))
        state.receive(.userEvent, event("b", 513))
        state.receive(.userEvent, event("late", 1))
        state.receive(.userEvent, event("edge", 2))
        #expect(names(state.events()) == ["a", "b", "edge"])
    }

    @Test func eventsBeforeTheMinimumAreDropped() {
        var restored = SnapshotState()
        restored.eventClock = 7
        var state = SerfState.fixture(restored: restored)
        state.receive(.userEvent, event("a", 7))
        state.receive(.userEvent, event("b", 8))
        #expect(names(state.events()) == ["b"])
    }

    @Test func pushPullDeliversTheRing() {
        var state = SerfState.fixture()
        state.receive(.userEvent, event("a", 3, "x"))
        state.receive(.userEvent, event("b", 3, "y"))
        state.receive(.userEvent, event("c", 600))
        let message = state.localState(isJoin: true)
        for ignoresOld in [false, true] {
            var other = SerfState.fixture()
            other.ignoresOldEvents = ignoresOld
            other.mergeRemoteState(message[...], isJoin: true, now: .zero)
            #expect(names(other.events()) == (ignoresOld ? [] : ["c"]))
            #expect(other.eventClock.time == 601)
        }
        // Within 512 steps all are delivered; a push/pull gossips nothing.
        var young = SerfState.fixture()
        young.receive(.userEvent, event("a", 3, "x"))
        young.receive(.userEvent, event("b", 3, "y"))
        let state2 = young.localState(isJoin: false)
        var other = SerfState.fixture()
        other.mergeRemoteState(state2[...], isJoin: false, now: .zero)
        #expect(names(other.events()) == ["a", "b"])
        #expect(other.queued(.events).isEmpty)
    }

    @Test func sizesAreBounded() {
        var state = SerfState.fixture()
        func refusal(_ count: Int) -> SerfError? {
            do throws(SerfError) {
                try state.send(
                    name: "a", payload: [UInt8](repeating: 1, count: count), coalesces: false)
            } catch {
                return error
            }
            return nil
        }
        #expect(refusal(512) == .eventExceedsOption(limit: 512))
        #expect(refusal(511) == .encodedEventExceedsOption(limit: 512))
        #expect(refusal(400) == nil)
        var wide = SerfState.fixture { $0.userEventBytesMax = 1 << 20 }
        let long = [UInt8](repeating: 1, count: 9 * 1024)
        #expect(throws: SerfError.eventTooLong(limit: 9216)) {
            try wide.send(name: "a", payload: long, coalesces: false)
        }
        #expect(throws: SerfError.encodedEventTooLong(limit: 9216)) {
            try wide.send(name: "a", payload: Array(long.dropLast()), coalesces: false)
        }
        #expect(
            SerfError.eventTooLong(limit: 9216).description
                == "user event exceeds sane limit of 9216 bytes before encoding")
        #expect(
            SerfError.eventExceedsOption(limit: 512).description
                == "user event exceeds configured limit of 512 bytes before encoding")
    }

    /// Gossip fills a datagram with intents, then queries, then events.
    @Test func broadcastsHaveSerfsOrder() throws {
        var state = SerfState.pool(of: 3)
        try state.send(name: "a", payload: [], coalesces: false)
        state.launch(try state.open(QueryRequest(name: "q"), now: .zero), now: .zero)
        state.broadcastJoin(now: .zero)
        let all = state.broadcasts(overhead: 3, limit: 1_400, memberCount: 3)
        #expect(all.map { $0[0] } == [1, 4, 3])
        let room = all[0].count + all[1].count + 6
        let two = state.broadcasts(overhead: 3, limit: room, memberCount: 3)
        #expect(two.map { $0[0] } == [1, 4])
        // Each message is sent 4 x ceil(log10(3 + 1)) = 4 times.
        for _ in 0..<10 { _ = state.broadcasts(overhead: 3, limit: 1_400, memberCount: 3) }
        #expect(state.queues.isEmpty)
    }
}
