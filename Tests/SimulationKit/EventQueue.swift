package import Primitives

/// The pending events, by time; those of one instant in the order in which they were scheduled.
package struct EventQueue<Event> {
    private struct Item {
        let time: Int64
        let number: UInt64
        let event: Event

        func isBefore(_ other: Item) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private var heap: [Item] = []
    private var scheduled: UInt64 = 0

    package init() {}

    package mutating func schedule(_ event: Event, at time: Instant) {
        scheduled += 1
        heap.append(Item(time: time.nanoseconds, number: scheduled, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    package mutating func next() -> (time: Instant, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (Instant(nanoseconds: first.time), first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].isBefore(heap[least]) { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
