import ConsulModel
import Testing
import Vivaldi
import Wire

@testable import ConsulState

@Suite struct CommandCodingTests {
    private func same(_ command: Command, _ type: UInt8) throws {
        let bytes = command.encoded()
        #expect(bytes.first == type)
        #expect(MessageType.name(of: type) != nil)
        #expect(try Command(decoding: bytes).encoded() == bytes)
    }

    private func set(_ key: String, _ value: [UInt8] = []) -> Command {
        var entry = KVEntry()
        entry.key = key
        entry.value = Bytes(value)
        return .kvs(KVSRequest(.set, entry))
    }

    @Test func everyCommandDecodesToItself() throws {
        var register = RegisterRequest()
        register.node = "n"
        register.service = NodeService()
        register.checks = [HealthCheck()]
        try same(.register(register), 0)
        var deregister = DeregisterRequest()
        deregister.checkID = "c"
        try same(.deregister(deregister), 1)
        try same(set("k", [1, 2]), 2)
        try same(.reapTombstones(through: 9), 5)
        var session = Session()
        session.nodeChecks = []
        session.serviceChecks = [SessionServiceCheck(id: "c")]
        try same(.session(SessionRequest(.destroy, session)), 3)
        var txn = TxnRequest()
        txn.operations = [TxnOperation(TxnKVOperation("set", KVEntry())), TxnOperation()]
        try same(.txn(txn), 8)
        try same(.coordinates([NodeCoordinate("n", segment: "s", .origin)]), 0x86)
    }

    /// As captured from a leader of Consul 1.8.7; the mark may be missing.
    @Test func aBatchOfCoordinatesIsAsConsulWritesIt() throws {
        let zeros = [UInt8](repeating: 0, count: 8)
        var bytes: [UInt8] = [0x86, 0x91, 0x83, 0xA5] + Array("Coord".utf8) + [0x84, 0xAA]
        bytes += Array("Adjustment".utf8) + [0xCB] + zeros + [0xA5] + Array("Error".utf8)
        bytes += [0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xA6] + Array("Height".utf8)
        bytes += [0xCB, 0x3E, 0xE4, 0xF8, 0xB5, 0x88, 0xE3, 0x68, 0xF1, 0xA3]
        bytes += Array("Vec".utf8) + [0x98]
        for _ in 0..<8 { bytes += [0xCB] + zeros }
        bytes += [0xA4] + Array("Node".utf8) + [0xA1, 0x6E, 0xA7] + Array("Segment".utf8) + [0xA0]
        let batch = [NodeCoordinate("n", .origin)]
        #expect(Command.coordinates(batch).encoded() == bytes)
        for mark: UInt8 in [6, 0x86] {
            bytes[0] = mark
            guard case .coordinates(batch) = try Command(decoding: bytes) else {
                Issue.record("the batch was read otherwise")
                continue
            }
        }
    }

    /// As captured from a leader of Consul 1.8.7.
    @Test func aKeyCommandIsAsConsulWritesIt() {
        let text =
            "\u{02}\u{84}\u{AA}Datacenter\u{A0}\u{A6}DirEnt\u{87}\u{AB}CreateIndex\u{00}"
            + "\u{A5}Flags\u{00}\u{A3}Key\u{A1}k\u{A9}LockIndex\u{00}\u{AB}ModifyIndex\u{00}"
            + "\u{A7}Session\u{A0}\u{A5}Value\u{C0}\u{A2}Op\u{A3}set\u{A5}Token\u{A0}"
        #expect(set("k").encoded() == text.unicodeScalars.map { UInt8($0.value) })
    }

    @Test func unknownTypesStopTheProcessUnlessMarked() throws {
        #expect(throws: ConsulStateError.unknownCommand(type: 99)) {
            try Command(decoding: [99, 0x80])
        }
        #expect(ConsulStateError.unknownCommand(type: 99).mustStop)
        guard case .ignored(type: 0xE3) = try Command(decoding: [0xE3, 0x90]) else {
            Issue.record("0xE3 was not ignored")
            return
        }
        for bytes: [UInt8] in [[], [2], [2, 0x81, 0xA2], [0, 0x01], [2, 0x80, 0x80]] {
            #expect { try Command(decoding: bytes) } throws: {
                ($0 as? ConsulStateError)?.mustStop == true
            }
        }
    }

    @Test func unknownVerbIsRefused() throws {
        var machine = FSM()
        let body: [UInt8] = [2, 0x81, 0xA2, 0x4F, 0x70, 0xA3, 0x66, 0x6F, 0x6F]
        let outcome = try machine.applyEntry(1, term: 1, data: body, extensions: [])
        #expect(outcome.result == .refused(.unknownOperation("foo")))
        #expect(outcome.changes.isEmpty)
    }

    // MARK: Cut commands

    @Test func positionsAreAsConsulWritesThem() throws {
        let bytes: [UInt8] = [
            0x08, 0xBB, 0xEB, 0xE0, 0x90, 0xBC, 0xA0, 0xDC, 0x88, 0xCE, 0x01, 0x10, 0x01, 0x18, 3,
        ]
        let position = try ChunkPosition(decoding: bytes)
        #expect(position.number == 1)
        #expect(position.pieces == 3)
        #expect(position.encoded == bytes)
        #expect(try ChunkPosition(decoding: [0x22, 1, 9, 0x18, 2]).pieces == 2)
        for bad: [UInt8] in [[0x08], [0x22, 5, 1], [0x0F, 1], [0x08, 0x80]] {
            #expect(throws: ConsulStateError.self) { try ChunkPosition(decoding: bad) }
        }
    }

    @Test func aLongCommandIsCutAndJoined() throws {
        let value = (0..<1_400_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let message = set("long", value).encoded()
        let pieces = CommandChunks.cut(message, operation: 77)
        #expect(pieces.count == 3)
        #expect(CommandChunks.cut(set("short").encoded(), operation: 1).first?.extensions == [])
        var machine = FSM()
        var index: UInt64 = 0
        for (number, piece) in pieces.enumerated() {
            index += 1
            let outcome = try machine.applyEntry(
                index, term: 1, data: piece.data, extensions: piece.extensions)
            #expect(outcome.changes.keys == (number == 2 ? ["long"] : []))
            if number == 1 {
                // A snapshot between two chunks keeps them.
                let bytes = SnapshotTests.stream(machine, index)
                let restored = try SnapshotTests.restore(bytes, pieces: 10_000).0
                let isSame = restored.chunks == machine.chunks
                #expect(isSame)
                machine = restored
            }
        }
        let isWhole = machine.store.kvs.get("long").value?.value.array == value
        #expect(isWhole)
        #expect(machine.store.kvs.get("long").index == 3)
        let isJoined = machine.chunks.isEmpty
        #expect(isJoined)
    }

    @Test func newTermDropsIncompleteCommands() throws {
        let pieces = CommandChunks.cut(
            set("long", [UInt8](repeating: 1, count: 600_000)).encoded(), operation: 5)
        var machine = FSM()
        _ = try machine.applyEntry(
            1, term: 1, data: pieces[0].data, extensions: pieces[0].extensions)
        _ = try machine.applyEntry(
            2, term: 2, data: pieces[1].data, extensions: pieces[1].extensions)
        #expect(machine.store.kvs.count == 0)
        _ = try machine.applyEntry(
            3, term: 2, data: pieces[0].data, extensions: pieces[0].extensions)
        #expect(machine.store.kvs.count == 1)
    }

    @Test func contradictingChunkIsRefused() throws {
        var machine = FSM()
        for (number, pieces) in [(0, 0), (3, 3), (0, 1_000_000)] as [(UInt32, UInt32)] {
            let extensions = ChunkPosition(operation: 1, number: number, pieces: pieces).encoded
            let outcome = try machine.applyEntry(
                1, term: 1, data: [2], extensions: [8, 1] + extensions)
            guard case .refused(.badChunk) = outcome.result else {
                Issue.record("\(number) of \(pieces) was taken")
                continue
            }
        }
    }
}
