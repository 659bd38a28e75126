internal import Primitives

/// Every known member, and the order in which they are probed.
struct MemberTable: Sendable {
    /// A member's index in the table, for as long as it is known.
    typealias Slot = Int

    /// Nil where a member was forgotten.
    private var slots = SharedArray<PoolMember?>()
    private var freeSlots: [Slot] = []
    private var slotsByName: [String: Slot] = [:]
    /// The slots of all members, shuffled once per round of probes.
    private var order: [Int32] = []
    /// The index in `order` of the next member to probe.
    private var cursor = 0
    /// Members that are alive or suspect.
    private(set) var liveCount = 0

    var count: Int { order.count }

    /// The slots of all members, in no particular order.
    var allSlots: some Sequence<Slot> { order.lazy.map { Slot($0) } }

    func slot(of name: String) -> Slot? { slotsByName[name] }

    func member(named name: String) -> PoolMember? { slotsByName[name].flatMap { slots[$0] } }

    /// - Parameter slot: that of a known member.
    subscript(slot: Slot) -> PoolMember {
        guard let member = slots[slot] else { preconditionFailure("slot \(slot) is empty") }
        return member
    }

    /// Adds a member whose name is unknown, at a random place of the order: new members must not
    /// all be probed last.
    mutating func insert(_ member: PoolMember, _ random: inout SeededRandom) -> Slot {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(member) } else { slots[slot] = member }
        slotsByName[member.name] = slot
        order.append(Int32(slot))
        order.swapAt(Int(random.next() % UInt64(order.count)), order.count - 1)
        if member.state.isLive { liveCount += 1 }
        return slot
    }

    /// Changes a member. Its name stays.
    mutating func update(_ slot: Slot, _ change: (inout PoolMember) -> Void) {
        var member = self[slot]
        let wasLive = member.state.isLive
        change(&member)
        if wasLive != member.state.isLive { liveCount += wasLive ? -1 : 1 }
        slots[slot] = member
    }

    /// Removes one member, in linear time.
    mutating func remove(_ slot: Slot) {
        guard let index = order.firstIndex(of: Int32(slot)) else { return }
        free(slot)
        order.remove(at: index)
        if index < cursor { cursor -= 1 }
    }

    private mutating func free(_ slot: Slot) {
        let member = self[slot]
        if member.state.isLive { liveCount -= 1 }
        slotsByName[member.name] = nil
        slots[slot] = nil
        freeSlots.append(slot)
    }

    // MARK: Probes

    /// Returns the next member to probe, or nil when none matches. At the end of the round, members
    /// that may be forgotten are, and the order is shuffled.
    mutating func nextProbed(
        _ random: inout SeededRandom, staysFirst: Bool = false,
        where matches: (Slot, PoolMember) -> Bool, forget: (Slot, PoolMember) -> Bool
    ) -> Slot? {
        // The rest of this round, and the whole next one.
        for _ in 0...2 * order.count {
            if cursor >= order.count { beginRound(&random, forget) }
            guard cursor < order.count else { return nil }
            let slot = Slot(order[cursor])
            let isMatch = matches(slot, self[slot])
            if !(isMatch && staysFirst) { cursor += 1 }
            if isMatch { return slot }
        }
        return nil
    }

    /// Gives the members another order.
    mutating func shuffle(_ random: inout SeededRandom) { order.shuffle(using: &random) }

    private mutating func beginRound(
        _ random: inout SeededRandom, _ forget: (Slot, PoolMember) -> Bool
    ) {
        cursor = 0
        let forgotten = order.map { Slot($0) }.filter { forget($0, self[$0]) }
        for slot in forgotten { free(slot) }
        if !forgotten.isEmpty { order.removeAll { slots[Slot($0)] == nil } }
        order.shuffle(using: &random)
    }

    // MARK: Random members

    /// Returns up to `wanted` different members that match, each with the same probability. Random
    /// attempts find them in a few steps where most members match.
    func pick(
        _ wanted: Int, _ random: inout SeededRandom, where matches: (Slot, PoolMember) -> Bool
    ) -> [Slot] {
        var picked: [Slot] = []
        if order.isEmpty || wanted < 1 { return picked }
        for _ in 0..<Limits.randomPicksMax where picked.count < wanted {
            let slot = Slot(order[Int(random.next() % UInt64(order.count))])
            if !picked.contains(slot), matches(slot, self[slot]) { picked.append(slot) }
        }
        guard picked.count < wanted else { return picked }
        let start = Int(random.next() % UInt64(order.count))
        for step in 0..<order.count where picked.count < wanted {
            let slot = Slot(order[(start + step) % order.count])
            if !picked.contains(slot), matches(slot, self[slot]) { picked.append(slot) }
        }
        return picked
    }
}
