internal import Wire

/// Recognises repeated events: a ring of slots, each with the events of one Lamport time. The slot
/// of a time is the time modulo the number of slots.
///
/// The slots are made with the first event: pools without events need no space for them.
struct EventRing: Sendable {
    struct Slot: Sendable {
        var lTime: UInt64
        var events: [NamedPayload]
        var bytes: Int
    }

    enum Outcome: Sendable, Hashable {
        case added
        case repeated
        /// There is no space for it.
        case full
    }

    private var slots: [Slot?] = []
    /// Bytes of names and payloads in all slots.
    private(set) var bytes = 0

    /// Adds an event. A newer time replaces an older one in its slot.
    mutating func insert(_ event: NamedPayload, lTime: UInt64) -> Outcome {
        if slots.isEmpty { slots = Array(repeating: nil, count: Limits.ringSlots) }
        let index = Int(lTime % UInt64(Limits.ringSlots))
        let size = event.name.utf8.count + event.payload.count
        if let slot = slots[index], slot.lTime == lTime {
            if slot.events.contains(event) { return .repeated }
            guard slot.events.count < Limits.itemsPerTimeMax,
                bytes + size <= Limits.eventRingBytesMax
            else { return .full }
            slots[index]?.events.append(event)
            slots[index]?.bytes += size
            bytes += size
            return .added
        }
        let kept = bytes - (slots[index]?.bytes ?? 0)
        guard kept + size <= Limits.eventRingBytesMax else { return .full }
        slots[index] = Slot(lTime: lTime, events: [event], bytes: size)
        bytes = kept + size
        return .added
    }

    /// Returns the used slots and the number of empty ones, for a push/pull.
    func times() -> EventTimes {
        var result = EventTimes()
        for case let slot? in slots {
            var time = EventTimeRecord()
            time.lTime = slot.lTime
            time.events = slot.events
            result.times.append(time)
        }
        result.emptySlots = Limits.ringSlots - result.times.count
        return result
    }
}

/// Recognises repeated queries by time and number, as `EventRing` does for events.
struct QueryRing: Sendable {
    private struct Slot: Sendable {
        var lTime: UInt64
        var ids: [UInt32]
    }

    private var slots: [Slot?] = []

    mutating func insert(_ query: QueryID) -> EventRing.Outcome {
        if slots.isEmpty { slots = Array(repeating: nil, count: Limits.ringSlots) }
        let index = Int(query.lTime % UInt64(Limits.ringSlots))
        guard let slot = slots[index], slot.lTime == query.lTime else {
            slots[index] = Slot(lTime: query.lTime, ids: [query.id])
            return .added
        }
        if slot.ids.contains(query.id) { return .repeated }
        guard slot.ids.count < Limits.itemsPerTimeMax else { return .full }
        slots[index]?.ids.append(query.id)
        return .added
    }
}
