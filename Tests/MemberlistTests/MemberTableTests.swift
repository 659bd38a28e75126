import Primitives
import Testing

@testable import Memberlist

@Suite struct MemberTableTests {
    private func member(_ index: Int, _ state: MemberState = .alive) throws -> PoolMember {
        let address = try #require(
            TransportAddress(bytes: BigEndian.bytes(UInt32(0x0A00_0001 + index)), port: 7946))
        return PoolMember(name: "m\(index)", address: address, state: state)
    }

    private func table(_ count: Int, _ random: inout SeededRandom) throws -> MemberTable {
        var table = MemberTable()
        for index in 0..<count { _ = table.insert(try member(index), &random) }
        return table
    }

    @Test func eachRoundProbesEachMemberOnce() throws {
        var random = SeededRandom(seed: 1)
        var table = try table(100, &random)
        var orders: Set<[Int]> = []
        for _ in 0..<5 {
            var round: [Int] = []
            for _ in 0..<100 {
                let slot = table.nextProbed(
                    &random, where: { _, _ in true }, forget: { _, _ in false })
                round.append(try #require(slot))
            }
            #expect(Set(round).count == 100)
            orders.insert(round)
        }
        #expect(orders.count == 5)
    }

    @Test func skipsMembersThatDoNotMatch() throws {
        var random = SeededRandom(seed: 2)
        var table = try table(10, &random)
        let only = try #require(table.slot(of: "m7"))
        for _ in 0..<5 {
            let slot = table.nextProbed(
                &random, where: { slot, _ in slot == only }, forget: { _, _ in false })
            #expect(slot == only)
        }
        let none = table.nextProbed(&random, where: { _, _ in false }, forget: { _, _ in false })
        #expect(none == nil)
    }

    @Test func roundsForgetMembers() throws {
        var random = SeededRandom(seed: 3)
        var table = try table(10, &random)
        let slot = try #require(table.slot(of: "m3"))
        table.update(slot) { $0.state = .dead }
        #expect(table.liveCount == 9)
        for _ in 0..<20 {
            _ = table.nextProbed(
                &random, where: { $1.state.isLive }, forget: { !$1.state.isLive })
        }
        #expect(table.count == 9)
        #expect(table.slot(of: "m3") == nil)
        // The slot is used again.
        #expect(table.insert(try member(50), &random) == slot)
        #expect(table.count == 10)
        #expect(table.liveCount == 10)
    }

    @Test func picksAreDifferentAndMatch() throws {
        var random = SeededRandom(seed: 4)
        var table = try table(1000, &random)
        for slot in Array(table.allSlots) where table[slot].name != "m500" {
            table.update(slot) { $0.state = .dead }
        }
        let live = table.pick(3, &random) { _, member in member.state.isLive }
        #expect(live.map { table[$0].name } == ["m500"])
        let some = table.pick(50, &random) { _, _ in true }
        #expect(Set(some).count == 50)
        #expect(table.pick(0, &random) { _, _ in true } == [])
        #expect(MemberTable().pick(3, &random) { _, _ in true } == [])
    }

    /// Each member is picked about as often as the others.
    @Test func picksAreUniform() throws {
        var random = SeededRandom(seed: 5)
        let table = try table(20, &random)
        var counts: [Int: Int] = [:]
        for _ in 0..<4000 {
            for slot in table.pick(3, &random, where: { _, _ in true }) {
                counts[slot, default: 0] += 1
            }
        }
        // 600 expected, with a standard deviation of 23.
        #expect(counts.count == 20)
        #expect(counts.values.allSatisfy { (480...720).contains($0) }, "\(counts)")
    }

    @Test func copiesAreIndependent() throws {
        var random = SeededRandom(seed: 6)
        let original = try table(200, &random)
        var copy = original
        let slot = try #require(copy.slot(of: "m150"))
        copy.update(slot) { $0.incarnation = 9 }
        copy.remove(try #require(copy.slot(of: "m10")))
        #expect(original[slot].incarnation == 0)
        #expect(copy[slot].incarnation == 9)
        #expect((original.count, copy.count) == (200, 199))
        #expect(original.member(named: "m10") != nil)
    }
}
