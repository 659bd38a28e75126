internal import Primitives

/// The pending events, by time; those of one instant in the order in which they were scheduled.
struct EventQueue<Event> {
    // The heap moves keys alone.
    private var heap = MinHeap<EventKey>()
    private var events: [Event?] = []
    private var freeSlots: [Int] = []
    private var scheduled: UInt64 = 0

    var nextTime: Instant? { heap.first.map { Instant(nanoseconds: $0.time) } }

    mutating func schedule(_ event: Event, at time: Instant) {
        let slot = freeSlots.popLast() ?? events.count
        if slot == events.count { events.append(event) } else { events[slot] = event }
        scheduled += 1
        heap.insert(EventKey(time: time.nanoseconds, number: scheduled, slot: slot))
    }

    mutating func next() -> Event? {
        guard let key = heap.popFirst() else { return nil }
        freeSlots.append(key.slot)
        return events[key.slot].take()
    }
}

/// The position of an event in time. Not generic, so that the heap is specialised for it.
private struct EventKey: Comparable {
    let time: Int64
    let number: UInt64
    let slot: Int

    static func < (a: EventKey, b: EventKey) -> Bool {
        a.time != b.time ? a.time < b.time : a.number < b.number
    }
}
