import ConsulModel
import ConsulState
import Primitives
import StateKit
import Testing
import Vivaldi
import Wire

/// A read with its result, as text, so that reads of all kinds can be compared.
private struct Seen: Equatable {
    var value: [UInt8]
    var index: UInt64
    var region: Region

    init<Value: WireValue>(_ reading: Reading<Value>) {
        value = JSONWriter.encode(reading.value)
        index = max(reading.index, 1)
        region = reading.region
    }
}

/// The rule of blocking queries: for every change of a read's value, its region was met and its
/// index moved up.
@Suite struct RegionTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func everyChangeOfAReadIsReported(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var machine = FSM()
        var index: UInt64 = 1
        var before = Self.readAll(machine.store)
        for _ in 0..<400 {
            index += UInt64.random(in: 1...3, using: &random)
            let command = Self.command(&random)
            let (result, changes) = machine.applyCommand(index, command)
            let after = Self.readAll(machine.store)
            for (old, new) in zip(before, after) {
                if old.value != new.value {
                    #expect(changes.meets(new.region), "\(seed): \(command)")
                    // An absent node has no index of its own: 1.
                    #expect(new.index > old.index || new.value == Array("null".utf8))
                }
                #expect(new.index == old.index || new.index == 1 || new.index > old.index)
            }
            if case .refused = result { #expect(before == after) }
            if changes.isEmpty { #expect(before == after) }
            before = after
        }
        machine.checkInvariants()
    }

    /// One list of changes for many commands: none of them is settled twice.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func batchedCommandsEqualSingleCommands(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var (apart, together) = (FSM(), FSM())
        var index: UInt64 = 1
        for _ in 0..<60 {
            var changes = Changes()
            var summed = Changes()
            for _ in 0..<Int.random(in: 2...8, using: &random) {
                index += 1
                let command = Self.command(&random)
                let (result, touched) = apart.applyCommand(index, command)
                #expect(
                    together.applyCommand(index, command, &changes) == result, "\(seed): \(command)"
                )
                summed.merge(touched)
            }
            #expect(Self.readAll(apart.store) == Self.readAll(together.store), "\(seed)")
            #expect(changes.keys == summed.keys)
            #expect(changes.names == summed.names)
            #expect(changes.tables == summed.tables && changes.lostLocks == summed.lostLocks)
        }
        together.checkInvariants()
    }

    /// Two tables with one bit, or kinds with one text, would wake each other's waiters needlessly.
    @Test func tablesAndKindsAreDifferent() {
        let tables: [TableSet] = [.nodes, .services, .checks, .sessions, .coordinates]
        #expect(tables.reduce(0) { $0 + $1.rawValue } == TableSet(tables).rawValue)
        let kinds: [RegionKind] = [
            .service, .serviceChecks, .node, .nodeChecks, .checkState, .session, .nodeSessions,
            .nodeCoordinates,
        ]
        #expect(Set(kinds).count == kinds.count)
        #expect(kinds.allSatisfy { !$0.text.utf8.contains(0) })
    }

    private static let names = ["a", "b", "B"]

    private static func readAll(_ store: StateStore) -> [Seen] {
        var seen: [Seen] = []
        for key in ["", "a", "a/", "a/b", "b", "b/a/"] {
            let reading = store.kvs.get(key)
            seen.append(Seen(reading.with(reading.value.map { [$0] } ?? [])))
            seen.append(Seen(store.kvs.list(key)))
            seen.append(Seen(store.kvs.listKeys(key, separator: "/")))
        }
        let catalog = store.catalog
        seen.append(Seen(store.coordinates.list()))
        seen.append(Seen(catalog.listNodes()))
        seen.append(Seen(catalog.listServices().with(catalog.listServices().value)))
        for name in names {
            seen.append(Seen(catalog.serviceNodes(name)))
            seen.append(Seen(catalog.checkServiceNodes(name)))
            seen.append(Seen(catalog.serviceChecks(name)))
            seen.append(Seen(catalog.nodeChecks(name)))
            seen.append(Seen(store.coordinates.list(node: name)))
            let services = catalog.nodeServices(name)
            seen.append(Seen(services.with(services.value.services)))
        }
        for state in ["any", "passing", "critical"] {
            seen.append(Seen(catalog.checks(inState: state)))
        }
        return seen
    }

    private static func command(_ random: inout SeededRandom) -> Command {
        func pick(_ list: [String]) -> String { list.randomElement(using: &random) ?? "" }
        switch Int.random(in: 0..<11, using: &random) {
        case 10:
            var coordinate = Coordinate.origin
            coordinate.vector[0] = Double.random(in: 0...2, using: &random).rounded()
            return .coordinates([NodeCoordinate(pick(names), segment: pick(["", "s"]), coordinate)])
        case 0...3:
            var entry = KVEntry()
            entry.key = (0..<Int.random(in: 1...3, using: &random)).map { _ in pick(["a", "b"]) }
                .joined(separator: "/")
            entry.value = Bytes(pick(["1", "2"]))
            let operations: [KVOperation] = [.set, .set, .delete, .cas, .deleteTree]
            return .kvs(KVSRequest(operations.randomElement(using: &random) ?? .set, entry))
        case 4...7:
            var request = RegisterRequest()
            request.node = pick(names)
            request.id = pick(["", "i1", "i2"])
            request.address = pick(["1", "2"])
            request.skipNodeUpdate = Bool.random(using: &random)
            if Bool.random(using: &random) {
                var service = NodeService()
                service.service = pick(names)
                service.id = pick(["s1", "s2", ""])
                service.port = Int.random(in: 1...2, using: &random)
                request.service = service
            }
            if Bool.random(using: &random) {
                var check = HealthCheck()
                check.node = request.node
                check.checkID = pick(["c1", "c2", "serfHealth"])
                check.serviceID = pick(["", "s1", "s2"])
                check.status = pick(["passing", "critical"])
                request.checks = [check]
            }
            return .register(request)
        default:
            var request = DeregisterRequest()
            request.node = pick(names)
            request.serviceID = pick(["", "s1", "s2"])
            request.checkID = pick(["", "c1", "c2"])
            return .deregister(request)
        }
    }
}
