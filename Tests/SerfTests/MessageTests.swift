import Memberlist
import Primitives
import Testing
import Vivaldi
import Wire

@testable import Serf

/// Bytes of real agents (Consul 1.8.7, Serf 0.10.1).
@Suite struct MessageTests {
    /// Encodes to the bytes, and decodes from them.
    private func expect<R: Record & Equatable>(
        _ type: SerfMessageType, _ record: R, is golden: [UInt8]
    ) throws {
        #expect(type.encode(record) == golden)
        #expect(try SerfMessageType.decode(type, R.self, from: golden) == record)
    }

    @Test func leaveIntent() throws {
        try expect(
            .leave, LeaveIntent(lTime: 2, node: "cli1"),
            is: bytes(#"00 83 a54c54696d65 02 a44e6f6465 a4"cli1" a55072756e65 c2"#))
    }

    @Test func joinIntent() throws {
        try expect(
            .join, JoinIntent(lTime: 1, node: "cli1"),
            is: bytes(#"01 82 a54c54696d65 01 a44e6f6465 a4 636c6931"#))
    }

    @Test func userEvent() throws {
        var event = UserEventRecord()
        event.lTime = 2
        event.name = "consul:event:deploy"
        event.payload = Bytes([UInt8](repeating: 7, count: 67))
        let head = #"03 84 a24343 c2 a54c54696d65 02 a44e616d65 b3"consul:event:deploy" a7"#
        try expect(
            .userEvent, event,
            is: bytes(head + "5061796c6f6164 da0043")
                + [UInt8](repeating: 7, count: 67))
    }

    @Test func query() throws {
        var query = QueryRecord()
        query.lTime = 2
        query.id = 0x58AE_898E
        query.address = Bytes([0x7F, 0, 1, 1])
        query.port = 0x206E
        query.sourceNode = "n1.dc1"
        query.relayFactor = 2
        query.timeout = GoDuration(nanoseconds: 0x1_DCD6_5000)
        query.name = "_serf_install-key"
        let key = [UInt8](repeating: 9, count: 32)
        query.payload = Bytes(bytes("07 81 a34b6579 da0020") + key)
        #expect(KeyMessage.request(key) == query.payload.array)
        let golden =
            bytes(
                #"04 8b a441646472 a47f000101 a746696c74657273 c0 a5466c616773 00"#
                    + #"a24944 ce58ae898e a54c54696d65 02 a44e616d65 b1"_serf_install-key""#
                    + #"a75061796c6f6164 da0029"#) + query.payload.array
            + bytes(
                #"a4506f7274 cd206e ab52656c6179466163746f72 02"#
                    + #"aa536f757263654e6f6465 a6"n1.dc1" a754696d656f7574 cf00000001dcd65000"#)
        try expect(.query, query, is: golden)
        #expect(query.queryID == QueryID(lTime: 2, id: 0x58AE_898E))
        #expect(query.source?.description == "127.0.1.1:8302")
    }

    @Test func queryResponse() throws {
        var keys = KeyResponseRecord()
        let base64 = String(repeating: "A", count: 43) + "="
        keys.keys = [base64]
        keys.primaryKey = base64
        keys.result = true
        let payload = bytes(
            #"08 84 a44b657973 91 da002c "\#(base64)" a74d657373616765 a0"#
                + #"aa5072696d6172794b6579 da002c "\#(base64)" a6526573756c74 c3"#)
        try expect(.keyResponse, keys, is: payload)
        let query = QueryID(lTime: 1, id: 0x7795_FA4D)
        let response = QueryResponseRecord(to: query, from: "n2.dc1", payload: payload)
        try expect(
            .queryResponse, response,
            is: bytes(
                #"05 85 a5466c616773 00 a446726f6d a6"n2.dc1" a24944 ce7795fa4d"#
                    + #"a54c54696d65 01 a75061796c6f6164 da0082"#) + payload)
        let parsed = KeyMessage.response(payload)
        #expect(parsed?.keys == [base64])
        #expect(parsed?.primaryKey == base64)
        #expect(parsed?.result == true)
        #expect(KeyMessage.response([]) == nil)
        #expect(KeyMessage.response([8, 0x91]) == nil)
    }

    @Test func relay() throws {
        let response = SerfMessageType.queryResponse.encode(
            QueryResponseRecord(to: QueryID(lTime: 1, id: 1), from: "n2.dc1"))
        let address = TransportAddress(bytes: [127, 0, 1, 1], port: 8302)!
        let wrapped = RelayHeader.wrap(response, to: address, name: "n1.dc1")
        let head = bytes(
            #"09 82 a84465737441646472 83 a24950 a47f000101 a4506f7274 cd206e a45a6f6e65 a0"#
                + #"a8446573744e616d65 a6"n1.dc1""#)
        #expect(wrapped == head + response)
        let (header, message) = try RelayHeader.unwrap(wrapped)
        #expect(header.destination.address == address)
        #expect(header.destinationName == "n1.dc1")
        #expect(Array(message) == response)
    }

    @Test func filters() {
        let nodes = bytes(#"00 91 a2"pz""#)
        #expect(QueryFilter.nodes(["pz"]).encoded == nodes)
        #expect(QueryFilter(encoded: nodes) == .nodes(["pz"]))
        let tag = bytes("01 82 a445787072 a35e7924 a3546167 a178")
        #expect(QueryFilter.tag("x", expression: "^y$").encoded == tag)
        #expect(QueryFilter(encoded: tag) == .tag("x", expression: "^y$"))
        for bad in [[], [2, 0x90], [0, 0xC3], [1], [1, 0x91]] as [[UInt8]] {
            #expect(QueryFilter(encoded: bad) == nil)
        }
    }

    @Test func pushPullOfANewNode() throws {
        var state = SerfState(
            name: "cli1", address: SerfPool.address(1), tags: [:], options: SerfPool.options(),
            keyring: Keyring(), restored: SnapshotState(), random: SeededRandom(seed: 1))
        state.memberJoined(.fixture(1, name: "cli1"), now: .zero)
        let golden =
            bytes("02 86 aa4576656e744c54696d65 01 a64576656e7473 dc0200")
            + [UInt8](repeating: 0xC0, count: 512)
            + bytes(
                #"a54c54696d65 01 ab4c6566744d656d62657273 90 aa51756572794c54696d65 01"#
                    + #"ac5374617475734c54696d6573 81 a4"cli1" 00"#)
        #expect(state.localState(isJoin: true) == golden)
        #expect(golden.count == 0x24C)
    }

    @Test func pushPullIsReadInEitherForm() throws {
        let event = bytes(#"82 a64576656e7473 91 82 a44e616d65 a1"a" a75061796c6f6164 c0"#)
            + bytes("a54c54696d65 05")
        for form in [bytes("93 c0") + event + [0xC0], [0x91] + event] {
            let message = bytes("02 81 a64576656e7473") + form
            let record: PushPullRecord = try SerfMessageType.decode(.pushPull, from: message)
            #expect(record.events?.times.map(\.lTime) == [5])
            #expect(record.events?.times.first?.events.map(\.name) == ["a"])
        }
        for form in ["90", "c0"] {
            let message = bytes("02 81 a64576656e7473 \(form)")
            let record: PushPullRecord = try SerfMessageType.decode(.pushPull, from: message)
            #expect((record.events?.times ?? []).isEmpty)
        }
    }

    @Test func conflictResponse() throws {
        #expect(ConflictRecord.encode(nil) == [6, 0xC0])
        let unknown: ConflictRecord = try SerfMessageType.decode(
            .conflictResponse, from: ConflictRecord.encode(nil))
        #expect(unknown.transportAddress == nil)
        let member = SerfMember(
            name: "a", address: SerfPool.address(3), tags: ["x": "y"], status: .alive)
        let encoded = ConflictRecord.encode(member)
        #expect(encoded.starts(with: bytes("06 8b a441646472 a47f000003")))
        let record: ConflictRecord = try SerfMessageType.decode(.conflictResponse, from: encoded)
        #expect(record == ConflictRecord(member))
        #expect(record.transportAddress == SerfPool.address(3))
        #expect(record.versions == [1, 5, 2, 2, 5, 4])
    }

    @Test func tags() throws {
        let meta = try Tags.encode(["role": "node", "dc": "dc1"])
        #expect(meta == bytes(#"ff 82 a2"dc" a3"dc1" a4"role" a4"node""#))
        #expect(Tags.decode(meta) == ["role": "node", "dc": "dc1"])
        #expect(Tags.decode(Array("consul".utf8)) == ["role": "consul"])
        #expect(Tags.decode([]) == ["role": ""])
        #expect(Tags.decode([0xFF, 0x91]) == nil)
        #expect(Tags.decode([0xFF]) == nil)
        let fits = ["a": String(repeating: "x", count: 505)]
        #expect(try Tags.encode(fits).count == 512)
        #expect(throws: SerfError.tagsTooLong(limit: 512)) {
            try Tags.encode(["a": String(repeating: "x", count: 506)])
        }
    }

    /// A coordinate in an ack: the version, then the record.
    @Test func coordinate() {
        var state = SerfState.fixture()
        let payload = state.ackPayload()
        #expect(payload.count == 130)
        let names = bytes("01 84 aa41646a7573746d656e74 cb0000000000000000 a54572726f72 cb")
        #expect(payload.starts(with: names + bytes("3ff8000000000000 a6486569676874")))
        state.memberJoined(.fixture(2), now: .zero)
        state.pingCompleted(
            .fixture(2), roundTrip: .milliseconds(10), payload: payload[...])
        #expect(state.coordinates["n2"] == .origin)
        #expect(state.ackPayload() != payload)
    }
}
