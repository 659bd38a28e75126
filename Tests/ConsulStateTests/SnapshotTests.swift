import ConsulModel
import Primitives
import Testing
import Vivaldi
import Wire

import struct Foundation.Data
import struct Foundation.URL

@testable import ConsulState

/// `Golden/state.bin` is a snapshot that Consul 1.8.7 wrote; the texts next to it are that server's
/// answers for the same state.
@Suite struct SnapshotTests {
    static func golden(_ name: String) throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appendingPathComponent("Golden/\(name)")))
    }

    static func restore(_ bytes: [UInt8], pieces: Int = .max) throws -> (FSM, UInt64) {
        var restore = StateRestore()
        var rest = bytes[...]
        while !rest.isEmpty {
            try restore.receive(Array(rest.prefix(pieces)))
            rest = rest.dropFirst(pieces)
        }
        let (machine, lastIndex) = try restore.finish()
        return (machine, lastIndex)
    }

    static func stream(_ machine: FSM, _ index: UInt64, bytesMin: Int = 1 << 20) -> [UInt8] {
        var snapshot = StateSnapshot(of: machine, lastIndex: index)
        var bytes: [UInt8] = []
        while let piece = snapshot.next(bytesMin: bytesMin) { bytes += piece }
        return bytes
    }

    @Test func readsWhatConsulWrote() throws {
        let (machine, lastIndex) = try Self.restore(try Self.golden("state.bin"))
        machine.checkInvariants()
        #expect(lastIndex == 22)
        let catalog = machine.store.catalog
        func same(_ value: some WireValue, _ name: String) throws {
            let ours = String(decoding: JSONWriter.encode(value), as: UTF8.self)
            #expect(ours == String(decoding: try Self.golden("\(name).json"), as: UTF8.self))
        }
        try same(catalog.listNodes().value, "catalog_nodes")
        try same(catalog.checkServiceNodes("postgres").value, "health_service_postgres")
        try same(catalog.checkServiceNodes("web-proxy").value, "health_service_web-proxy")
        try same(catalog.checkServiceNodes("Web").value, "health_service_Web")
        let kvs = machine.store.kvs
        #expect(kvs.get("app/mode").value?.value == "blue")
        #expect(kvs.get("app/flags").value?.flags == 42)
        #expect(kvs.get("app/empty").value?.value == "")
        #expect(kvs.get("binary").value?.value.count == 300)
        #expect(kvs.listKeys("").value == ["app/empty", "app/flags", "app/mode", "binary"])
        #expect(kvs.list("tmp/").index > kvs.list("app/").index)
        #expect(Set(machine.store.foreign.records.map(\.type)).isSuperset(of: [7, 9, 12, 22, 30]))
        let sessions = machine.store.sessions.list()
        #expect(sessions.value.count == 1)
        #expect(sessions.index > 0)
    }

    /// `coordinates.bin` is another one, of a server whose nodes have coordinates.
    @Test func readsCoordinatesThatConsulWrote() throws {
        let (machine, _) = try Self.restore(try Self.golden("coordinates.bin"))
        machine.checkInvariants()
        let reading = machine.store.coordinates.list()
        let ours = String(decoding: JSONWriter.encode(reading.value), as: UTF8.self)
        let theirs = String(decoding: try Self.golden("coordinate_nodes.json"), as: UTF8.self)
        #expect(ours == theirs)
        #expect(reading.index == 50)
    }

    /// Nothing is lost on the way through our state, except the order of maps.
    @Test(arguments: ["state.bin", "coordinates.bin"])
    func writesBackWhatConsulWrote(_ file: String) throws {
        let bytes = try Self.golden(file)
        let (machine, index) = try Self.restore(bytes)
        let ours = try Self.records(Self.stream(machine, index))
        for record in try Self.records(bytes) {
            // The index of a kind of services rises with that of all services.
            if record.value["Key"]?.stringValue?.hasPrefix("service_kind.") ?? false { continue }
            let found = ours.contains { $0.type == record.type && $0.value == record.value }
            #expect(found, "type \(record.type): \(record.value)")
        }
    }

    private struct Plain {
        var type: UInt8
        var value: JSONValue
    }

    private static func records(_ bytes: [UInt8]) throws -> [Plain] {
        var reader = MessagePackReader(bytes)
        try reader.skip()
        var records: [Plain] = []
        while !reader.isAtEnd {
            var record = Plain(type: try reader.byte(), value: .null)
            if record.type == MessageType.chunks {
                try reader.skip()
            } else {
                try record.value.decode(from: &reader)
            }
            records.append(record)
        }
        return records
    }

    @Test(arguments: [1, 7, 100, 4_096])
    func streamCutAnywhereGivesTheSameState(_ size: Int) throws {
        let (machine, index) = try Self.restore(try Self.golden("state.bin"), pieces: size)
        let whole = Self.stream(machine, index)
        #expect(Self.stream(machine, index, bytesMin: size) == whole)
        let (again, _) = try Self.restore(whole, pieces: size)
        #expect(Self.stream(again, index) == whole)
    }

    /// Servers of earlier versions wrote these bytes for the same states.
    @Test func bytesAreUnchanged() throws {
        let files: [(String, UInt64)] = [
            ("state.bin", 12_662_068_012_297_070_144),
            ("coordinates.bin", 13_671_909_184_039_604_258),
        ]
        for (file, sum) in files {
            let (machine, index) = try Self.restore(try Self.golden(file))
            #expect(Self.sum(Self.stream(machine, index)) == sum)
        }
        let seeds: [(UInt64, UInt64)] = [
            (1, 12_801_517_705_842_570_521), (2, 13_577_386_447_251_764_648),
            (3, 18_194_560_195_290_676_677),
        ]
        for (seed, sum) in seeds {
            var random = SeededRandom(seed: seed)
            var machine = FSM()
            for index in 1...300 { _ = machine.applyCommand(UInt64(index), Self.command(&random)) }
            #expect(Self.sum(Self.stream(machine, 300)) == sum)
        }
    }

    /// FNV-1a.
    private static func sum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Commands after a restore have the same effect as without it.
    @Test(arguments: 1...20)
    func restoredStateFollowsTheSameCommands(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var machine = FSM()
        for index in 1...300 { _ = machine.applyCommand(UInt64(index), Self.command(&random)) }
        let bytes = Self.stream(machine, 300)
        var (restored, lastIndex) = try Self.restore(bytes, pieces: 999)
        restored.checkInvariants()
        #expect(lastIndex == 300)
        for index in 301...600 {
            let command = Self.command(&random)
            let ours = machine.applyCommand(UInt64(index), command)
            let theirs = restored.applyCommand(UInt64(index), command)
            #expect(ours.result == theirs.result)
            #expect(ours.changes == theirs.changes)
        }
        #expect(Self.stream(machine, 600) == Self.stream(restored, 600))
    }

    private static func command(_ random: inout SeededRandom) -> Command {
        func pick(_ names: [String]) -> String { names.randomElement(using: &random) ?? "" }
        if Bool.random(using: &random) {
            var entry = KVEntry()
            entry.key = pick(["a", "a/b", "a/c", "b", "b/\u{E9}", "c/d/e"])
            entry.value = Bytes(pick(["", "1", "2"]))
            switch Int.random(in: 0..<3, using: &random) {
            case 0: entry.expires = KVExpiry(unixNanoseconds: .random(in: 1...9, using: &random))
            case 1: entry.lease = pick(["a", "a/b", "b"])
            default: break
            }
            let verbs: [KVOperation] = [.set, .set, .set, .delete, .deleteTree, .cas]
            return .kvs(KVSRequest(verbs.randomElement(using: &random) ?? .set, entry))
        }
        if Int.random(in: 0..<8, using: &random) == 0 {
            var coordinate = Coordinate.origin
            coordinate.height = Double.random(in: 0..<1, using: &random)
            return .coordinates([NodeCoordinate(pick(["n1", "N1", "n2"]), coordinate)])
        }
        if Int.random(in: 0..<40, using: &random) == 0 { return .reapTombstones(through: 150) }
        let node = pick(["n1", "N1", "n2", "n3"])
        if Int.random(in: 0..<5, using: &random) == 0 {
            var request = DeregisterRequest()
            request.node = node
            request.serviceID = pick(["", "s1"])
            return .deregister(request)
        }
        var request = RegisterRequest()
        request.node = node
        request.address = pick(["10.0.0.1", "10.0.0.2"])
        if Bool.random(using: &random) {
            var service = NodeService()
            service.id = pick(["s1", "s2"])
            service.service = pick(["web", "Web", "db"])
            request.service = service
        }
        if Bool.random(using: &random) {
            var check = HealthCheck()
            check.node = node
            check.checkID = pick(["c1", "c2"])
            check.status = pick(["passing", "critical"])
            request.checks = [check]
        }
        return .register(request)
    }

    /// A file that is cut anywhere is refused, or whole records are missing at its end, which the
    /// checksum of the file reveals.
    @Test func refusesDamagedStreams() throws {
        let bytes = try Self.golden("state.bin")
        for count in 0..<400 {
            do { _ = try Self.restore(Array(bytes.prefix(count))) } catch {
                #expect(error is ConsulStateError)
            }
        }
        var broken = bytes
        broken[12] = 0x63
        let unknown = "a record of the unknown type 99"
        #expect(throws: ConsulStateError.badSnapshot(offset: 12, reason: unknown)) {
            _ = try Self.restore(broken)
        }
        #expect(throws: ConsulStateError.self) { try Self.restore([]) }
    }
}
