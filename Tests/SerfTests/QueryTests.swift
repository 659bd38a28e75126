import Memberlist
import Primitives
import Testing
import Wire

@testable import Serf

@Suite struct QueryTests {
    private func query(_ name: String, _ lTime: UInt64 = 1, id: UInt64 = 7) -> QueryRecord {
        var query = QueryRecord()
        query.lTime = lTime
        query.id = id
        query.address = Bytes([127, 0, 0, 2])
        query.port = 8301
        query.sourceNode = "n2"
        query.timeout = .seconds(3)
        query.name = name
        return query
    }

    private func queries(_ events: [SerfEvent]) -> [ReceivedQuery] {
        events.compactMap { if case .query(let query) = $0 { query } else { nil } }
    }

    private func response(_ message: [UInt8]) throws -> QueryResponseRecord {
        try SerfMessageType.decode(.queryResponse, from: message)
    }

    // MARK: Received

    @Test func queryIsDeliveredOnceAndAnswered() throws {
        var state = SerfState.pool(of: 2)
        state.receive(.query, query("load"), at: .seconds(1))
        state.receive(.query, query("load"), at: .seconds(1))
        let received = queries(state.events())
        #expect(
            received == [
                ReceivedQuery(
                    id: QueryID(lTime: 1, id: 7), name: "load", payload: [], sourceNode: "n2",
                    deadline: .seconds(4))
            ])
        #expect(state.queued(.queries).count == 1)
        #expect(state.sent().isEmpty)
        try state.answer(received[0].id, payload: [9], now: .seconds(4))
        let sent = state.sent()
        #expect(sent.map(\.to) == [SerfPool.address(2)])
        let answer = try response(sent[0].message)
        #expect(answer.from == "n1")
        #expect(answer.id == 7)
        #expect(answer.payload.array == [9])
        #expect(throws: SerfError.alreadyAnswered) {
            try state.answer(received[0].id, payload: [], now: .seconds(4))
        }
    }

    @Test func answersAreBounded() {
        var state = SerfState.pool(of: 2)
        state.receive(.query, query("load"))
        let id = QueryID(lTime: 1, id: 7)
        #expect(throws: SerfError.responseTooLong(limit: 1024)) {
            try state.answer(id, payload: [UInt8](repeating: 1, count: 1_000), now: .zero)
        }
        #expect(throws: SerfError.queryExpired) {
            try state.answer(id, payload: [], now: .seconds(4))
        }
        #expect(throws: SerfError.unknownQuery) {
            try state.answer(QueryID(lTime: 1, id: 8), payload: [], now: .zero)
        }
        state.reap(now: .seconds(4))
        #expect(throws: SerfError.unknownQuery) { try state.answer(id, payload: [], now: .zero) }
    }

    @Test func acksAreSentAtOnce() throws {
        var state = SerfState.pool(of: 2)
        var wanted = query("_serf_ping")
        wanted.flags = QueryRecord.wantsAcks
        state.receive(.query, wanted)
        let sent = state.sent()
        #expect(sent.count == 1)
        let ack = try response(sent[0].message)
        #expect(ack.flags == QueryResponseRecord.isAck)
        #expect(ack.payload.isEmpty)
        #expect(queries(state.events()).isEmpty)
    }

    /// Filters that do not match stop the delivery, not the gossip.
    @Test func filtersStopTheDelivery() {
        let cases: [([QueryFilter], Bool)] = [
            ([.nodes(["n1", "n9"])], true), ([.nodes(["n9"])], false),
            ([.tag("role", expression: "we")], true), ([.tag("role", expression: "db")], false),
            ([.tag("absent", expression: "x")], false),
            ([.nodes(["n1"]), .tag("role", expression: "db")], false),
            ([.nodes(["n1"]), .tag("role", expression: "web")], true),
        ]
        for (filters, isDelivered) in cases {
            var state = SerfState.fixture(tags: ["role": "web"])
            var record = query("load")
            record.flags = QueryRecord.wantsAcks
            record.filters = filters.map { Bytes($0.encoded) }
            state.receive(.query, record)
            #expect(queries(state.events()).isEmpty == !isDelivered, "\(filters)")
            #expect(state.sent().isEmpty == !isDelivered)
            #expect(state.queued(.queries).count == 1)
        }
        for bad in [Bytes(), Bytes([7]), Bytes([0, 0xC3])] {
            var state = SerfState.fixture()
            var record = query("load")
            record.filters = [bad]
            state.receive(.query, record)
            #expect(queries(state.events()).isEmpty)
        }
    }

    @Test func unforwardedQueriesAreNotGossiped() {
        var state = SerfState.fixture()
        var record = query("load")
        record.flags = QueryRecord.isNotGossiped
        state.receive(.query, record)
        #expect(queries(state.events()).count == 1)
        #expect(state.queued(.queries).isEmpty)
    }

    @Test func oldQueriesAreDropped() {
        var state = SerfState.fixture()
        state.receive(.query, query("new", 600))
        state.receive(.query, query("old", 88))
        state.receive(.query, query("young", 89))
        #expect(queries(state.events()).map(\.name) == ["new", "young"])
    }

    // MARK: Relays

    @Test func answersAreRelayed() throws {
        var state = SerfState.pool(of: 5)
        var record = query("load")
        record.relayFactor = 2
        state.receive(.query, record)
        try state.answer(QueryID(lTime: 1, id: 7), payload: [9], now: .zero)
        let sent = state.sent()
        #expect(sent.count == 3)
        #expect(sent[0].to == SerfPool.address(2))
        for copy in sent.dropFirst() {
            #expect(![SerfPool.address(1), SerfPool.address(2)].contains(copy.to))
            let (header, message) = try RelayHeader.unwrap(copy.message)
            #expect(header.destination.address == SerfPool.address(2))
            #expect(header.destinationName == "n2")
            #expect(Array(message) == sent[0].message)
        }
        #expect(sent[1].to != sent[2].to)
    }

    @Test func smallPoolsDoNotRelay() throws {
        var state = SerfState.pool(of: 2)
        var record = query("load")
        record.relayFactor = 2
        state.receive(.query, record)
        try state.answer(QueryID(lTime: 1, id: 7), payload: [], now: .zero)
        #expect(state.sent().count == 1)
    }

    @Test func relaysGoToMembersOnly() {
        let response = SerfMessageType.queryResponse.encode(
            QueryResponseRecord(to: QueryID(lTime: 1, id: 1), from: "n3"))
        func forwards(_ message: [UInt8], _ address: TransportAddress, _ name: String) -> Int {
            var state = SerfState.pool(of: 3)
            let relayed = RelayHeader.wrap(message, to: address, name: name)
            state.receiveUserMessage(relayed[...], now: .zero)
            return state.sent().count
        }
        #expect(forwards(response, SerfPool.address(2), "n2") == 1)
        // Versions before the name was sent.
        #expect(forwards(response, SerfPool.address(2), "") == 1)
        #expect(forwards(response, SerfPool.address(3), "n2") == 0)
        #expect(forwards(response, SerfPool.address(77), "n77") == 0)
        #expect(forwards(response, SerfPool.address(77), "") == 0)
        let event = SerfMessageType.userEvent.encode(UserEventRecord())
        #expect(forwards(event, SerfPool.address(2), "n2") == 0)
        #expect(forwards([], SerfPool.address(2), "n2") == 0)
    }

    // MARK: Own

    @Test func repeatedResponsesAreCountedOnce() throws {
        var state = SerfState.pool(of: 3)
        var request = QueryRequest(name: "load")
        request.wantsAcks = true
        let new = try state.open(request, now: .zero)
        state.launch(new, now: .zero)
        _ = state.takeDirectives()
        for _ in 0..<2 {
            state.receive(
                .queryResponse,
                QueryResponseRecord(to: new.id, from: "n2", flags: QueryResponseRecord.isAck))
            state.receive(
                .queryResponse, QueryResponseRecord(to: new.id, from: "n2", payload: [1]))
        }
        let wrong = QueryID(lTime: new.id.lTime, id: new.id.id ^ 1)
        state.receive(.queryResponse, QueryResponseRecord(to: wrong, from: "n3"))
        let stray = QueryID(lTime: 99, id: 1)
        state.receive(.queryResponse, QueryResponseRecord(to: stray, from: "n3"))
        state.receive(
            .queryResponse, QueryResponseRecord(to: new.id, from: "n3", payload: [2]),
            at: .seconds(4))
        state.endQueries(now: .seconds(4))
        let progress = state.takeDirectives().compactMap { directive -> QueryProgress? in
            if case .query(new.id, let progress) = directive { progress } else { nil }
        }
        #expect(progress == [.ack(from: "n2"), .response(from: "n2", payload: [1]), .ended])
    }

    @Test func defaultTimeoutGrowsWithThePool() {
        #expect(SerfState.pool(of: 1).defaultQueryTimeout == .milliseconds(3_200))
        #expect(SerfState.pool(of: 9).defaultQueryTimeout == .milliseconds(3_200))
        #expect(SerfState.pool(of: 10).defaultQueryTimeout == .milliseconds(6_400))
        #expect(SerfState.pool(of: 100).defaultQueryTimeout == .milliseconds(9_600))
    }

    @Test func longQueriesAreRefused() {
        var state = SerfState.fixture()
        let payload = [UInt8](repeating: 0, count: 1_000)
        #expect(throws: SerfError.queryTooLong(limit: 1024)) {
            try state.open(QueryRequest(name: "a", payload: payload), now: .zero)
        }
        #expect(state.openQueries.count == 0)
    }

    @Test func openQueriesAreBounded() throws {
        var state = SerfState.fixture()
        for _ in 0..<Limits.openQueriesMax {
            state.launch(try state.open(QueryRequest(name: "a"), now: .zero), now: .zero)
        }
        #expect(throws: SerfError.tooManyQueries) {
            try state.open(QueryRequest(name: "a"), now: .zero)
        }
        state.endQueries(now: .seconds(4))
        #expect(state.openQueries.count == 0)
        #expect(state.openQueries.nextEnd == .distantFuture)
    }
}
