import Primitives
import Testing

@Suite struct FIFOQueueTests {
    /// Compares a queue with a plain array, over random operations.
    @Test(arguments: 0..<20) func equalsAnArray(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = FIFOQueue<Int>()
        var model: [Int] = []
        for step in 0..<3_000 {
            switch random.next() % 16 {
            case 0..<6:
                queue.append(step)
                model.append(step)
            case 6..<12:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 12:
                queue.append(contentsOf: step..<(step + 40))
                model.append(contentsOf: step..<(step + 40))
            case 13:
                let count = Int(random.next() % UInt64(model.count + 1))
                queue.removeFirst(count)
                model.removeFirst(count)
            case 14:
                let count = min(model.count, Int(random.next() % 10))
                queue.removeLast(count)
                model.removeLast(count)
            default:
                guard !model.isEmpty else { continue }
                let index = Int(random.next() % UInt64(model.count))
                queue[index] = -step
                model[index] = -step
            }
            guard queue.count == model.count, queue.first == model.first,
                queue.last == model.last
            else {
                Issue.record("\(Array(queue)) instead of \(model) after step \(step)")
                return
            }
        }
        #expect(Array(queue) == model)
    }

    private final class Payload {}

    @Test func aRemovedElementIsReleasedAtOnce() {
        var queue = FIFOQueue<Payload>()
        weak var first: Payload?
        weak var second: Payload?
        do {
            let payloads = [Payload(), Payload(), Payload()]
            (first, second) = (payloads[0], payloads[1])
            queue.append(contentsOf: payloads)
        }
        #expect(first != nil)
        _ = queue.popFirst()
        #expect(first == nil && second != nil)
        queue.removeFirst(1)
        #expect(second == nil && queue.count == 1)
    }

    @Test func anElementMayBeNil() {
        var queue = FIFOQueue<Int?>()
        queue.append(nil)
        queue.append(1)
        #expect(queue.count == 2)
        #expect(queue.popFirst() == .some(nil))
        #expect(queue.popFirst() == .some(1))
        #expect(queue.popFirst() == .none)
    }
}
