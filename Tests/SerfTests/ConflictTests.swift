import Memberlist
import Primitives
import Testing
import Wire

@testable import Serf

@Suite struct ConflictTests {
    /// Starts a vote, delivers the votes, and ends it.
    private func loses(
        _ votes: [[UInt8]], _ change: (inout SerfOptions) -> Void = { _ in }
    ) -> Bool {
        var state = SerfState.pool(of: 9, change)
        state.nameConflict(known: .fixture(1), other: .fixture(77, name: "n1"), now: .zero)
        for (index, vote) in votes.enumerated() {
            guard let query = state.openQueries[1] else { break }
            state.receive(
                .queryResponse,
                QueryResponseRecord(to: query.id, from: "n\(index + 2)", payload: vote))
        }
        state.endQueries(now: .seconds(60))
        return state.lostName
    }

    private func vote(_ number: Int?) -> [UInt8] {
        ConflictRecord.encode(
            number.map { SerfMember(name: "n1", address: SerfPool.address($0), status: .alive) })
    }

    @Test func majorityDecides() {
        let (mine, other, unknown) = (vote(1), vote(77), vote(nil))
        #expect(!loses([mine]))
        #expect(loses([other]))
        #expect(loses([mine, other]))
        #expect(!loses([mine, mine, other]))
        #expect(loses([mine, other, unknown]))
        #expect(loses([unknown]))
    }

    @Test func noAnswersAndNonsenseDecideNothing() {
        #expect(!loses([]))
        #expect(!loses([[], [6], [5, 0xC0], [6, 0x91]]))
    }

    @Test func serversDoNotVote() {
        #expect(!loses([vote(77)]) { $0.endsOnNameConflict = false })
    }

    @Test func conflictsOfOthersAreOnlyLogged() {
        var state = SerfState.pool(of: 3)
        state.nameConflict(known: .fixture(2), other: .fixture(77, name: "n2"), now: .zero)
        #expect(state.openQueries.count == 0)
        #expect(
            state.notes() == [
                "serf: Name conflict for 'n2' both 127.0.0.2:8301 and 127.0.0.77:8301 are claiming"
            ])
    }

    @Test func oneVoteIsOpenAtATime() {
        var state = SerfState.pool(of: 3)
        for _ in 0..<5 {
            state.nameConflict(known: .fixture(1), other: .fixture(77, name: "n1"), now: .zero)
        }
        #expect(state.openQueries.count == 1)
        // No progress of the vote reaches the protocol on top.
        state.endQueries(now: .seconds(60))
        let progress = state.takeDirectives().filter {
            if case .query = $0 { true } else { false }
        }
        #expect(progress.isEmpty)
    }

    @Test func questionsAreAnsweredByOthers() throws {
        func answer(to name: String) throws -> ConflictRecord? {
            var state = SerfState.pool(of: 3)
            var query = QueryRecord()
            query.lTime = 1
            query.id = 7
            query.address = Bytes([127, 0, 0, 9])
            query.port = 8301
            query.timeout = .seconds(3)
            query.name = "_serf_conflict"
            query.payload = Bytes(name)
            state.receive(.query, query)
            guard let sent = state.sent().first else { return nil }
            let response: QueryResponseRecord = try SerfMessageType.decode(
                .queryResponse, from: sent.message)
            return try SerfMessageType.decode(
                .conflictResponse, from: response.payload.array)
        }
        #expect(try answer(to: "n2")?.transportAddress == SerfPool.address(2))
        #expect(try answer(to: "n9")?.transportAddress == nil)
        #expect(try answer(to: "n9") != nil)
        #expect(try answer(to: "n1") == nil)
    }

    /// The vote is lost in a pool: the core stops and answers the open requests.
    @Test func loserStops() {
        var pool = SerfPool(["n1", "n2", "n3", "n4"])
        pool.start("n9", as: "n2")
        pool.join("n9", "n1")
        let ticket = pool.request("n9") { .query(QueryRequest(name: "load"), $0) }
        pool.run(for: .seconds(10))
        #expect(pool.log("n9").last == .stop(.nameConflict))
        guard case .queryStarted? = pool.answer("n9", ticket) else {
            Issue.record("\(String(describing: pool.answer("n9", ticket)))")
            return
        }
        #expect(pool.progress("n9").last == .ended)
        #expect(pool.status("n2", seenBy: "n1") == .alive)
        #expect(pool.nodes["n2"]?.stopped == false)
    }
}
