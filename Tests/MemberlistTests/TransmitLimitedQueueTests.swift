import Primitives
import Testing

@testable import Memberlist

@Suite struct TransmitLimitedQueueTests {
    private func message(_ tag: UInt8, _ length: Int) -> [UInt8] {
        [tag] + [UInt8](repeating: 0, count: length - 1)
    }

    private func tags(_ messages: [[UInt8]]) -> [UInt8] { messages.map { $0[0] } }

    private func take(
        _ queue: inout TransmitLimitedQueue, _ limit: Int, max: Int
    ) -> [UInt8] {
        tags(queue.take(overhead: 2, limit: limit, transmissionsMax: max))
    }

    @Test func takesTheLongestThatFitsThenTheNewest() {
        var queue = TransmitLimitedQueue()
        queue.append(message(1, 10))
        queue.append(message(2, 30))
        queue.append(message(3, 20))
        queue.append(message(4, 20))
        queue.append(message(5, 100))
        #expect(take(&queue, 90, max: 3) == [2, 4, 3, 1])
        // Fewer transmissions come first, whatever the length.
        queue.append(message(6, 10))
        #expect(take(&queue, 50, max: 3) == [6, 2])
    }

    @Test func costsTheOverheadOfEachMessage() {
        var queue = TransmitLimitedQueue()
        for tag in 0..<5 { queue.append(message(UInt8(tag), 10)) }
        #expect(take(&queue, 35, max: 3).count == 2)
        #expect(take(&queue, 36, max: 3).count == 3)
        #expect(take(&queue, 11, max: 3).isEmpty)
        #expect(take(&queue, -50, max: 3).isEmpty)
    }

    @Test func dropsAfterTheLastTransmission() {
        var queue = TransmitLimitedQueue()
        queue.append(message(1, 10), ticket: 7)
        #expect(take(&queue, 50, max: 2).count == 1)
        #expect(queue.takeFinished() == [])
        #expect(take(&queue, 50, max: 2).count == 1)
        #expect(queue.takeFinished() == [7])
        #expect(queue.takeFinished() == [])
        #expect(take(&queue, 50, max: 2).isEmpty)
        #expect(queue.count == 0)
    }

    @Test func replacesTheMessageWithTheSameKey() {
        var queue = TransmitLimitedQueue()
        queue.append(message(1, 10), replacing: "a", ticket: 1)
        queue.append(message(2, 10), replacing: "b")
        _ = take(&queue, 100, max: 5)
        queue.append(message(3, 12), replacing: "a")
        #expect(queue.takeFinished() == [1])
        #expect(queue.count == 2)
        #expect(take(&queue, 100, max: 5) == [3, 2])
    }

    @Test func prunesTheMostTransmitted() {
        var queue = TransmitLimitedQueue()
        queue.append(message(1, 10), ticket: 1)
        _ = take(&queue, 100, max: 5)
        queue.append(message(2, 10), ticket: 2)
        queue.append(message(3, 20), ticket: 3)
        queue.prune(to: 1)
        #expect(queue.takeFinished() == [1, 2])
        #expect(take(&queue, 100, max: 5) == [3])
        queue.prune(to: 0)
        #expect(queue.count == 0)
    }

    @Test func takesABoundedNumber() {
        var queue = TransmitLimitedQueue()
        for _ in 0..<500 { queue.append([1]) }
        let taken = queue.take(overhead: 0, limit: 10_000, transmissionsMax: 5)
        #expect(taken.count == Limits.compoundPartsMax)
    }

    /// memberlist's table: 4 x ceil(log10(n + 1)).
    @Test(arguments: [
        (0, 0), (1, 4), (9, 4), (10, 8), (99, 8), (100, 12), (999, 12), (1000, 16), (9999, 16),
        (10_000, 20), (65_536, 20),
    ])
    func retransmitsGrowWithTheLogarithm(_ members: Int, _ expected: Int) {
        #expect(
            TransmitLimitedQueue.retransmits(multiplier: 4, memberCount: members) == expected)
    }

    /// Compares with a plain list that is sorted before each use.
    @Test(arguments: UInt64(1)...20) func agreesWithASortedList(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = TransmitLimitedQueue()
        var model = ListModel()
        for step in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let length = Int.random(in: 1...40, using: &random)
                let isKeyed = Bool.random(using: &random)
                let key = isKeyed ? "k\(Int.random(in: 0..<8, using: &random))" : nil
                let bytes = BigEndian.bytes(UInt32(step)) + [UInt8](repeating: 0, count: length)
                queue.append(bytes, replacing: key, ticket: UInt64(step))
                model.append(bytes, key, UInt64(step))
            case 5..<9:
                let limit = Int.random(in: 0...200, using: &random)
                let taken = queue.take(overhead: 2, limit: limit, transmissionsMax: 4)
                #expect(taken == model.take(2, limit, 4))
            default:
                let max = Int.random(in: 0...12, using: &random)
                queue.prune(to: max)
                model.prune(max)
            }
            #expect(queue.count == model.items.count)
            #expect(queue.takeFinished().sorted() == model.takeFinished().sorted())
        }
    }
}

private struct ListModel {
    struct Item {
        var bytes: [UInt8]
        var key: String?
        var ticket: UInt64
        var number: Int
        var sent = 0
    }

    var items: [Item] = []
    var finished: [UInt64] = []
    var added = 0

    mutating func append(_ bytes: [UInt8], _ key: String?, _ ticket: UInt64) {
        if let key, let old = items.firstIndex(where: { $0.key == key }) {
            finished.append(items.remove(at: old).ticket)
        }
        added += 1
        items.append(Item(bytes: bytes, key: key, ticket: ticket, number: added))
    }

    private mutating func sort() {
        items.sort { a, b in
            if a.sent != b.sent { return a.sent < b.sent }
            if a.bytes.count != b.bytes.count { return a.bytes.count > b.bytes.count }
            return a.number > b.number
        }
    }

    mutating func take(_ overhead: Int, _ limit: Int, _ max: Int) -> [[UInt8]] {
        sort()
        var taken: [[UInt8]] = []
        var free = limit
        var kept: [Item] = []
        for var item in items {
            guard item.bytes.count + overhead <= free, free > overhead else {
                kept.append(item)
                continue
            }
            free -= item.bytes.count + overhead
            taken.append(item.bytes)
            item.sent += 1
            if item.sent >= max { finished.append(item.ticket) } else { kept.append(item) }
        }
        items = kept
        return taken
    }

    mutating func prune(_ max: Int) {
        sort()
        while items.count > max { finished.append(items.removeLast().ticket) }
    }

    mutating func takeFinished() -> [UInt64] {
        defer { finished = [] }
        return finished
    }
}
