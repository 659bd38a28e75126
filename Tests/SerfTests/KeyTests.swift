import Memberlist
import Primitives
import Testing
import Wire

@testable import Serf

@Suite struct KeyTests {
    private func key(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

    private func ring(_ keys: UInt8...) -> Keyring {
        Keyring(keys: keys.map { key($0) }, primary: key(keys[0]))!
    }

    private func ask(
        _ state: inout SerfState, _ operation: InternalQuery, _ payload: [UInt8], id: UInt64
    ) {
        var query = QueryRecord()
        query.lTime = 1
        query.id = id
        query.address = Bytes([127, 0, 0, 2])
        query.port = 8301
        query.timeout = .seconds(3)
        query.name = operation.rawValue
        query.payload = Bytes(payload)
        state.receive(.query, query)
    }

    private func answers(_ state: inout SerfState) throws -> [KeyMessage.Response] {
        try state.sent().map { sent in
            let response: QueryResponseRecord = try SerfMessageType.decode(
                .queryResponse, from: sent.message)
            return try #require(KeyMessage.response(response.payload.array))
        }
    }

    private func saves(_ state: inout SerfState) -> [(keys: [[UInt8]], ticket: SerfTicket)] {
        state.takeDirectives().compactMap {
            if case .saveKeyring(let ring, let ticket) = $0 { (ring.keys, ticket) } else { nil }
        }
    }

    @Test func changeIsAnsweredOnceItIsSaved() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1))
        ask(&state, .installKey, KeyMessage.request(key(2)), id: 1)
        let saved = saves(&state)
        #expect(saved.map(\.keys) == [[key(1), key(2)]])
        #expect(try answers(&state).isEmpty)
        #expect(state.keys.keyring == ring(1))
        state.keyringSaved(99, failure: nil, now: .zero)
        #expect(try answers(&state).isEmpty)
        state.keyringSaved(saved[0].ticket, failure: nil, now: .zero)
        #expect(try answers(&state).map(\.result) == [true])
        #expect(state.keys.keyring.keys == [key(1), key(2)])
    }

    @Test func failedWriteChangesNothing() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1))
        ask(&state, .installKey, KeyMessage.request(key(2)), id: 1)
        state.keyringSaved(saves(&state)[0].ticket, failure: "disk full", now: .zero)
        let answer = try answers(&state)
        #expect(answer.map(\.result) == [false])
        #expect(answer[0].message == "Failed to write keyring file: disk full")
        #expect(state.keys.keyring == ring(1))
    }

    /// Each change starts from the keyring that the one before has saved.
    @Test func changesAreMadeInOrder() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1))
        ask(&state, .installKey, KeyMessage.request(key(2)), id: 1)
        ask(&state, .useKey, KeyMessage.request(key(2)), id: 2)
        ask(&state, .removeKey, KeyMessage.request(key(1)), id: 3)
        var rings: [[[UInt8]]] = []
        while case let saved = saves(&state), let first = saved.first {
            #expect(saved.count == 1)
            rings.append(first.keys)
            state.keyringSaved(first.ticket, failure: nil, now: .zero)
        }
        #expect(rings == [[key(1), key(2)], [key(2), key(1)], [key(2)]])
        #expect(try answers(&state).map(\.result) == [true, true, true])
    }

    @Test func faultsAreAnswered() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1))
        ask(&state, .installKey, KeyMessage.request([1, 2]), id: 1)
        ask(&state, .useKey, KeyMessage.request(key(5)), id: 2)
        ask(&state, .removeKey, KeyMessage.request(key(1)), id: 3)
        ask(&state, .installKey, [7, 0x91], id: 4)
        ask(&state, .installKey, [], id: 5)
        ask(&state, .installKey, KeyMessage.request(key(1)), id: 6)
        #expect(saves(&state).isEmpty)
        let found = try answers(&state)
        #expect(found.map(\.result) == [false, false, false, false, false, true])
        #expect(found[0].message == "key size must be 16, 24 or 32 bytes")
        #expect(found[1].message == "Requested key is not in the keyring")
        #expect(found[2].message == "Removing the primary key is not allowed")
        #expect(found[3].message.hasPrefix("Failed to decode key request: "))
    }

    @Test func withoutEncryptionEveryOperationFails() throws {
        var state = SerfState.pool(of: 2)
        ask(&state, .installKey, KeyMessage.request(key(1)), id: 1)
        ask(&state, .listKeys, KeyMessage.request([]), id: 2)
        let found = try answers(&state)
        #expect(found.map(\.result) == [false, false])
        #expect(found[0].message == "No keyring to modify (encryption not enabled)")
        #expect(found[1].message == "Keyring is empty (encryption not enabled)")
    }

    @Test func listNamesTheKeys() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1, 2))
        ask(&state, .listKeys, KeyMessage.request([]), id: 1)
        let found = try answers(&state)
        #expect(found[0].keys == [Base64.encode(key(1)), Base64.encode(key(2))])
        #expect(found[0].primaryKey == Base64.encode(key(1)))
        #expect(found[0].message.isEmpty)
    }

    @Test func longListIsTruncatedToFit() throws {
        let keys = (1...60).map { key($0) }
        var state = SerfState.pool(of: 2, keyring: Keyring(keys: keys, primary: keys[0])!)
        ask(&state, .listKeys, KeyMessage.request([]), id: 1)
        let sent = state.sent()
        #expect(sent.count == 1)
        #expect(sent[0].message.count <= 1_024)
        state.requests = [.send(sent[0].message, to: sent[0].to)]
        let found = try answers(&state)[0]
        #expect(found.result)
        #expect((15...20).contains(found.keys.count))
        #expect(
            found.message
                == "truncated key list response, showing first \(found.keys.count) of 60 keys")
    }

    @Test func waitingChangesAreBounded() throws {
        var state = SerfState.pool(of: 2, keyring: ring(1))
        for number in 0..<(Limits.keyringChangesMax + 5) {
            ask(&state, .installKey, KeyMessage.request(key(2)), id: UInt64(number))
        }
        // One is being written.
        #expect(try answers(&state).count == 4)
    }
}
