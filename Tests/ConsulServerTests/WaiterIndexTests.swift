import ConsulState
import NIOCore
import NIOPosix
import Primitives
import StateKit
import Testing

@testable import ConsulServer

/// A commit takes out the waiters whose regions its changes meet, each once, and no others.
@Suite struct WaiterIndexTests {
    private let lane = WakeLane(loop: Server.group.next())

    private func waiter(_ region: Region) -> Waiter {
        Waiter(region: region, deadline: .distantFuture, lane: lane) { _, _ in false }
    }

    /// Compared with the naive rule over random regions and changes.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func matchesTheNaiveRule(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = WaiterIndex()
        var waiting: [Waiter] = []
        for _ in 0..<2_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let waiter = waiter(Self.region(&random))
                index.insert(waiter)
                waiting.append(waiter)
            case 6..<8:
                guard let slot = waiting.indices.randomElement(using: &random) else { continue }
                let waiter = waiting.remove(at: slot)
                index.remove(waiter)
                index.remove(waiter)  // has no effect the second time
                #expect(waiter.slot == -1)
            default:
                let changes = Self.changes(&random)
                let met = waiting.filter { changes.meets($0.region) }
                let taken = index.removeAffected(by: changes)
                #expect(Self.ids(taken) == Self.ids(met), "\(seed): \(changes)")
                #expect(taken.count == met.count && taken.allSatisfy { $0.slot == -1 })
                waiting.removeAll { changes.meets($0.region) }
            }
        }
        #expect(Self.ids(index.removeAll()) == Self.ids(waiting))
        #expect(index.removeAll().isEmpty)
    }

    private static func ids(_ waiters: [Waiter]) -> Set<ObjectIdentifier> {
        Set(waiters.map { ObjectIdentifier($0) })
    }

    // Two spellings of one letter are different keys, though Swift's strings compare as equal.
    private static let keys = ["", "a", "a/", "a/b", "a/bc", "b", "\u{E9}", "e\u{301}"]
    private static let names = ["", "a", "ab", "\u{E9}", "e\u{301}"]
    private static let kinds: [RegionKind] = [
        .service, .serviceChecks, .node, .nodeChecks, .checkState, .session, .nodeSessions,
        .nodeCoordinates,
    ]

    private static func key(_ random: inout SeededRandom) -> String {
        keys.randomElement(using: &random) ?? ""
    }
    private static func name(_ random: inout SeededRandom) -> String {
        names.randomElement(using: &random) ?? ""
    }
    private static func kind(_ random: inout SeededRandom) -> RegionKind {
        kinds.randomElement(using: &random) ?? .node
    }
    private static func tables(_ random: inout SeededRandom) -> TableSet {
        TableSet(rawValue: UInt32.random(in: 0..<32, using: &random))
    }

    private static func region(_ random: inout SeededRandom) -> Region {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .key(key(&random))
        case 1: .prefix(key(&random))
        case 2: .folding(kind(&random), name(&random))
        default: .tables(tables(&random))
        }
    }

    private static func changes(_ random: inout SeededRandom) -> Changes {
        var changes = Changes()
        for _ in 0..<Int.random(in: 0...2, using: &random) { changes.keys.append(key(&random)) }
        if Int.random(in: 0..<6, using: &random) == 0 { changes.keyTrees.append(key(&random)) }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            changes.touch(kind(&random), name(&random))
        }
        if Bool.random(using: &random) { changes.tables = tables(&random) }
        return changes
    }
}
