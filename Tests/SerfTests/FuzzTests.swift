import Memberlist
import Primitives
import Testing
import Wire

@testable import Serf

/// Random, truncated and mutated messages from a seed.
@Suite struct FuzzTests {
    /// One valid message of each type.
    private static let messages: [[UInt8]] = {
        var query = QueryRecord()
        query.lTime = 3
        query.address = Bytes([127, 0, 0, 2])
        query.port = 8301
        query.flags = 1
        query.relayFactor = 1
        query.timeout = .seconds(3)
        query.name = "load"
        query.filters = [Bytes(QueryFilter.tag("role", expression: "x").encoded)]
        var key = query
        key.name = "_serf_install-key"
        key.filters = []
        key.payload = Bytes(KeyMessage.request([UInt8](repeating: 3, count: 16)))
        var event = UserEventRecord()
        event.lTime = 4
        event.name = "deploy"
        event.payload = Bytes("payload")
        let response = SerfMessageType.queryResponse.encode(
            QueryResponseRecord(to: QueryID(lTime: 1, id: 1), from: "n2", payload: [1, 2]))
        return [
            SerfMessageType.leave.encode(LeaveIntent(lTime: 5, node: "n2", prune: true)),
            SerfMessageType.join.encode(JoinIntent(lTime: 6, node: "n3")),
            SerfMessageType.userEvent.encode(event), SerfMessageType.query.encode(query),
            SerfMessageType.query.encode(key), response,
            RelayHeader.wrap(response, to: SerfPool.address(2), name: "n2"),
            ConflictRecord.encode(nil),
        ]
    }()

    private static func mutate(_ message: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var message = message
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !message.isEmpty else { break }
            let index = Int.random(in: 0..<message.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: message[index] = UInt8.random(in: 0...255, using: &random)
            case 1: message.remove(at: index)
            case 2: message.insert(UInt8.random(in: 0...255, using: &random), at: index)
            default: message.removeLast(message.count - index)
            }
        }
        return message
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func mutatedMessagesAreSurvived(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let key = [UInt8](repeating: 1, count: 16)
        let keyring = Keyring(keys: [key], primary: key)!
        var state = SerfState.pool(of: 5, keyring: keyring)
        var now = Instant.zero
        for _ in 0..<4_000 {
            let original = Self.messages.randomElement(using: &random)!
            let message = Self.mutate(original, &random)
            state.receiveUserMessage(message[...], now: now)
            now = now + .milliseconds(100)
            if Int.random(in: 0..<50, using: &random) == 0 {
                state.reap(now: now)
                state.runPrunes(now: now)
                state.endQueries(now: now)
                state.checkQueues()
            }
            _ = state.broadcasts(overhead: 3, limit: 1_300, memberCount: 5)
            _ = state.takeDirectives()
            state.requests = []
        }
        #expect(state.clock.time < 1 << 60)
        #expect(state.table.count <= 5)
    }

    @Test func mutatedStatesAreSurvived() {
        var random = SeededRandom(seed: 9)
        var source = SerfState.pool(of: 6)
        for message in Self.messages { source.receiveUserMessage(message[...], now: .zero) }
        source.memberGone(.fixture(4, state: .dead), now: .zero)
        let valid = source.localState(isJoin: true)
        var state = SerfState.pool(of: 6)
        for _ in 0..<1_500 {
            let message = Self.mutate(valid, &random)
            state.mergeRemoteState(
                message[...], isJoin: Bool.random(using: &random), now: .zero)
            _ = state.takeDirectives()
        }
        #expect(state.table.count <= 6)
    }

    @Test func randomBytesAreSurvived() {
        var random = SeededRandom(seed: 10)
        var state = SerfState.fixture()
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<40, using: &random)
            let message = (0..<count).map { index in
                index == 0
                    ? UInt8.random(in: 0..<11, using: &random)
                    : UInt8.random(in: 0...255, using: &random)
            }
            state.receiveUserMessage(message[...], now: .zero)
            state.mergeRemoteState(message[...], isJoin: false, now: .zero)
            _ = state.takeDirectives()
        }
        #expect(state.table.names == ["n1"])
    }

    /// Whole cores under mutated datagrams: no step fails, and the pool is whole afterwards.
    @Test func poolSurvivesMutatedGossip() {
        var pool = SerfPool(["n1", "n2", "n3"])
        var random = SeededRandom(seed: 11)
        for _ in 0..<2_000 {
            let message = Self.mutate(Self.messages.randomElement(using: &random)!, &random)
            // A departure that an attacker forges is refuted.
            pool.step("n1", .gossip(.packet([8] + message, from: SerfPool.address(66))))
            if Int.random(in: 0..<20, using: &random) == 0 { pool.run(for: .milliseconds(50)) }
        }
        pool.run(for: .seconds(60))
        for name in ["n1", "n2", "n3"] {
            #expect(pool.nodes[name]?.stopped == false)
        }
        #expect(pool.status("n3", seenBy: "n1") == .alive)
    }
}
