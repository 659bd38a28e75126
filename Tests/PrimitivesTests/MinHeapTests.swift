import Primitives
import Testing

@Suite struct MinHeapTests {
    @Test(arguments: UInt64(1)...20) func removesInOrder(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = MinHeap<Int>()
        let values = (0..<200).map { _ in Int.random(in: 0..<50, using: &random) }
        for value in values { heap.insert(value) }
        var removed: [Int] = []
        while let least = heap.popFirst() { removed.append(least) }
        #expect(removed == values.sorted())
        #expect(heap.isEmpty)
    }

    @Test(arguments: UInt64(1)...20) func removesMatchingElements(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = MinHeap<Int>()
        let values = (0..<101).map { _ in Int.random(in: 0..<1000, using: &random) }
        for value in values { heap.insert(value) }
        heap.removeAll { $0 % 3 == 0 }
        #expect(heap.first == values.filter { $0 % 3 != 0 }.min())
        var removed: [Int] = []
        while let least = heap.popFirst() { removed.append(least) }
        #expect(removed == values.filter { $0 % 3 != 0 }.sorted())
    }
}
