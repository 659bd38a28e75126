import Memberlist
import Primitives
import Testing
import Vivaldi
import Wire

@testable import Serf

/// Input that no agent sends: everything is bounded, and nothing stops the node.
@Suite struct HostileTests {
    @Test func unknownTypesAreCountedAndIgnored() {
        var state = SerfState.fixture()
        for type in [2, 6, 7, 8, 10, 255] as [UInt8] {
            state.receiveUserMessage([type, 0x80], now: .zero)
        }
        state.receiveUserMessage([], now: .zero)
        let notes = state.notes()
        #expect(notes.count == 6)
        #expect(notes[3] == "serf: Received message of unknown type: 8")
    }

    @Test func forgedTimesDoNotWedgeTheClocks() {
        var state = SerfState.pool(of: 2)
        var event = UserEventRecord()
        var query = QueryRecord()
        let times: [UInt64] = [.max, .max - 1, 1 << 63, Limits.clockLeadMax + 3]
        for time in times {
            state.receive(.leave, LeaveIntent(lTime: time, node: "n2"))
            state.receive(.join, JoinIntent(lTime: time, node: "n2"))
            event.lTime = time
            state.receive(.userEvent, event)
            query.lTime = time
            state.receive(.query, query)
            var record = PushPullRecord()
            record.lTime = time
            record.eventLTime = time
            record.queryLTime = time
            record.leftMembers?.names = ["n2"]
            record.statusTimes.entries = [.init(name: "n2", lTime: time)]
            let message = SerfMessageType.pushPull.encode(record)
            state.mergeRemoteState(message[...], isJoin: true, now: .zero)
        }
        #expect(state.clock.time == 1)
        #expect(state.eventClock.time == 1)
        #expect(state.queryClock.time == 1)
        #expect(state.status("n2") == .alive)
        #expect(state.queues.isEmpty)
    }

    @Test func intentsAboutStrangersAreBounded() {
        var state = SerfState.fixture()
        for number in 0..<(Limits.recentIntentsMax + 100) {
            state.receive(.leave, LeaveIntent(lTime: 2, node: "x\(number)"))
        }
        state.receive(.join, JoinIntent(lTime: 2, node: ""))
        state.receive(.join, JoinIntent(lTime: 2, node: String(repeating: "x", count: 256)))
        #expect(state.recentIntents.count == Limits.recentIntentsMax)
    }

    @Test func queuesAreBoundedAtOnce() {
        var state = SerfState.fixture { $0.queueDepthMin = 64 }
        var event = UserEventRecord()
        event.lTime = 5
        for number in 0..<1_000 {
            event.name = "e\(number)"
            state.receive(.userEvent, event)
            #expect(state.queues[.events].count <= 128)
        }
        _ = state.takeDirectives()
        state.checkQueues()
        #expect(state.queues[.events].count <= 64)
        #expect(state.notes().contains { $0.contains("exceeds limit (64), dropping messages!") })
    }

    @Test func eventsOfOneTimeAreBounded() {
        var state = SerfState.fixture()
        var event = UserEventRecord()
        event.lTime = 5
        for number in 0..<(Limits.itemsPerTimeMax + 50) {
            event.name = "e\(number)"
            state.receive(.userEvent, event)
        }
        #expect(state.events().count == Limits.itemsPerTimeMax)
    }

    @Test func bytesOfTheRingAreBounded() {
        var state = SerfState.fixture()
        var event = UserEventRecord()
        event.payload = Bytes([UInt8](repeating: 0, count: 9_000))
        for time in 1...500 as ClosedRange<UInt64> {
            for name in ["a", "b", "c"] {
                event.lTime = time
                event.name = name
                state.receive(.userEvent, event)
            }
        }
        #expect(state.eventRing.bytes <= Limits.eventRingBytesMax)
        #expect(state.eventRing.bytes > Limits.eventRingBytesMax - 10_000)
        // Later events take the slots of the oldest.
        let before = state.eventRing.bytes
        for time in 520...540 as ClosedRange<UInt64> {
            event.lTime = time
            state.receive(.userEvent, event)
        }
        #expect(state.eventRing.bytes < before)
        event.payload = Bytes([UInt8](repeating: 0, count: 10_000))
        _ = state.takeDirectives()
        state.receive(.userEvent, event)
        #expect(state.events().isEmpty)
    }

    @Test func receivedQueriesAreBounded() {
        var state = SerfState.fixture()
        var query = QueryRecord()
        query.address = Bytes([127, 0, 0, 9])
        query.port = 8301
        query.timeout = GoDuration(nanoseconds: .max)
        var delivered = 0
        for number in 0..<6_000 as Range<UInt64> {
            query.lTime = 1 + number / 500
            query.id = number
            state.receive(.query, query)
            delivered += state.events().count
        }
        #expect(delivered == Limits.receivedQueriesMax)
        // Their time is bounded, whatever they say.
        state.reap(now: .zero + Limits.queryTimeoutMax)
        query.lTime = 20
        state.receive(.query, query, at: .zero + Limits.queryTimeoutMax)
        #expect(state.events().count == 1)
    }

    @Test func numbersOutOfRangeAreRejected() {
        var state = SerfState.fixture()
        var query = QueryRecord()
        query.lTime = 1
        query.id = 1 << 32
        state.receive(.query, query)
        query.id = 1
        query.port = 70_000
        query.address = Bytes([127, 0, 0, 9])
        state.receive(.query, query)
        query.id = 2
        query.port = 80
        query.address = Bytes([1, 2, 3])
        state.receive(.query, query)
        #expect(state.events().isEmpty)
        #expect(state.sent().isEmpty)
    }

    /// Members that do not exist must not fill a query's lists, or win a vote, beyond the pool.
    @Test func answersAreNotMoreThanMembers() throws {
        var state = SerfState.pool(of: 3)
        let query = try state.open(QueryRequest(name: "load"), now: .zero)
        state.launch(query, now: .zero)
        _ = state.takeDirectives()
        for number in 0..<100 {
            state.receive(
                .queryResponse, QueryResponseRecord(to: query.id, from: "x\(number)"))
        }
        let progress = state.takeDirectives().filter {
            if case .query = $0 { true } else { false }
        }
        #expect(progress.count == 3)
    }

    @Test func coordinatesOfStrangersAndNonsenseAreRejected() {
        var state = SerfState.pool(of: 2)
        let good = state.ackPayload()
        state.pingCompleted(.fixture(9), roundTrip: .milliseconds(1), payload: good[...])
        state.pingCompleted(.fixture(2), roundTrip: .milliseconds(1), payload: [])
        state.pingCompleted(.fixture(2), roundTrip: .milliseconds(1), payload: [2, 0x80])
        state.pingCompleted(.fixture(2), roundTrip: .milliseconds(1), payload: [1, 0x91])
        state.pingCompleted(.fixture(2), roundTrip: .milliseconds(1), payload: [1, 0x80])
        state.pingCompleted(.fixture(2), roundTrip: .seconds(11), payload: good[...])
        #expect(state.coordinates.isEmpty)
        #expect(state.ackPayload() == good)
        #expect(state.notes().first == "serf: Unsupported ping version: 2")
    }

    @Test func nodeWithoutCoordinatesSendsNone() {
        var state = SerfState.fixture { $0.sendsCoordinates = false }
        #expect(state.ackPayload().isEmpty)
        state.memberJoined(.fixture(2), now: .zero)
        let payload = SerfState.fixture().ackPayload()
        state.pingCompleted(.fixture(2), roundTrip: .milliseconds(1), payload: payload[...])
        #expect(state.coordinates.isEmpty)
    }

    /// A push/pull may hold millions of empty slots and names in few bytes.
    @Test func statesAreReadWithinTheirBounds() throws {
        let slots = 3_000_000
        var message = bytes("02 81 a64576656e7473 dd")
        message += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: slots >> $0) }
        message += [UInt8](repeating: 0xC0, count: slots)
        let record: PushPullRecord = try SerfMessageType.decode(.pushPull, from: message)
        #expect(record.events?.times.isEmpty == true)
    }
}
