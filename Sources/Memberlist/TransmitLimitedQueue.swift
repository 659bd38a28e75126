/// Holds messages to gossip, each for a bounded number of transmissions. Messages with the fewest
/// transmissions come first, among those the longest that fits, then the newest.
package struct TransmitLimitedQueue: Sendable {
    private struct Message: Sendable {
        var bytes: [UInt8]
        var key: String?
        var ticket: UInt64?
        var transmissions = 0
        var position: Position
    }

    /// The order within one number of transmissions: by length, then by age, the newest last.
    private struct Position: Comparable, Sendable {
        var length: Int
        var number: UInt64
        var slot: Int

        static func < (a: Position, b: Position) -> Bool {
            a.length != b.length ? a.length < b.length : a.number < b.number
        }
    }

    private var messages: [Message?] = []
    private var freeSlots: [Int] = []
    private var slotsByKey: [String: Int] = [:]
    /// The messages by their number of transmissions, each list in ascending order.
    private var tiers: [[Position]] = []
    private var added: UInt64 = 0
    private var finished: [UInt64] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var hasFinished: Bool { !finished.isEmpty }

    /// - Parameters:
    ///   - key: a queued message with this key is replaced.
    ///   - ticket: returned by `takeFinished` when the message is sent often enough, replaced or
    ///     pruned.
    package mutating func append(
        _ message: [UInt8], replacing key: String? = nil, ticket: UInt64? = nil
    ) {
        if let key, let old = slotsByKey[key] { remove(old) }
        let slot = freeSlots.popLast() ?? messages.count
        if slot == messages.count { messages.append(nil) }
        added += 1
        let position = Position(length: message.count, number: added, slot: slot)
        messages[slot] = Message(bytes: message, key: key, ticket: ticket, position: position)
        if let key { slotsByKey[key] = slot }
        count += 1
        insert(position, 0)
    }

    /// Returns messages for one datagram: each costs its length plus `overhead` of `limit` bytes.
    ///
    /// - Parameters:
    ///   - transmissionsMax: `retransmits(multiplier:memberCount:)`.
    ///   - countMax: the largest number of messages.
    package mutating func take(
        overhead: Int, limit: Int, transmissionsMax: Int,
        countMax: Int = Limits.compoundPartsMax
    ) -> [[UInt8]] {
        guard count > 0 else { return [] }
        var taken: [[UInt8]] = []
        var again: [Int] = []
        var free = limit
        var tier = 0
        while tier < tiers.count, free > overhead, taken.count < countMax {
            // The number of messages that fit.
            let index = Self.lowerBound(tiers[tier]) { $0.length <= free - overhead }
            guard index > 0 else {
                tier += 1
                continue
            }
            let position = tiers[tier].remove(at: index - 1)
            guard let bytes = messages[position.slot]?.bytes,
                let sent = messages[position.slot]?.transmissions
            else { preconditionFailure("slot \(position.slot) of the queue is empty") }
            free -= overhead + bytes.count
            taken.append(bytes)
            if sent + 1 >= transmissionsMax {
                discard(position.slot)
            } else {
                messages[position.slot]?.transmissions = sent + 1
                again.append(position.slot)
            }
        }
        // Later than the search, which would find them again.
        for slot in again {
            guard let position = messages[slot]?.position,
                let tier = messages[slot]?.transmissions
            else { continue }
            insert(position, tier)
        }
        return taken
    }

    /// Removes and returns the tickets of finished messages.
    package mutating func takeFinished() -> [UInt64] {
        if finished.isEmpty { return [] }
        defer { finished = [] }
        return finished
    }

    /// Drops the most transmitted messages, among those the shortest, until at most `max` are left.
    package mutating func prune(to max: Int) {
        while count > max {
            while tiers.last?.isEmpty == true { tiers.removeLast() }
            guard let worst = tiers.last?.first else { return }
            remove(worst.slot)
        }
    }

    /// Returns the number of times that a message is sent: multiplier x ceil(log10(n + 1)).
    package static func retransmits(multiplier: Int, memberCount: Int) -> Int {
        multiplier * Logarithm.decimalCeiling(memberCount + 1)
    }

    // MARK: Positions

    private mutating func insert(_ position: Position, _ tier: Int) {
        while tiers.count <= tier { tiers.append([]) }
        let index = Self.lowerBound(tiers[tier]) { $0 < position }
        tiers[tier].insert(position, at: index)
    }

    private mutating func remove(_ slot: Int) {
        guard let message = messages[slot] else { return }
        let tier = message.transmissions
        let index = Self.lowerBound(tiers[tier]) { $0 < message.position }
        tiers[tier].remove(at: index)
        discard(slot)
    }

    /// Frees a slot whose position is removed.
    private mutating func discard(_ slot: Int) {
        guard let message = messages[slot].take() else { return }
        if let ticket = message.ticket { finished.append(ticket) }
        if let key = message.key { slotsByKey[key] = nil }
        freeSlots.append(slot)
        count -= 1
        if count == 0 {
            // A burst must not keep its memory.
            messages = []
            freeSlots = []
            tiers = []
        }
    }

    /// Returns the index of the first position that does not precede; binary search.
    private static func lowerBound(
        _ positions: [Position], _ precedes: (Position) -> Bool
    ) -> Int {
        var low = 0
        var high = positions.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(positions[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
