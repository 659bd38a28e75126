internal import Wire

/// The state of a push/pull (type 2).
struct PushPullRecord: Record, Sendable {
    var lTime: UInt64 = 0
    /// The time of each member's last intent.
    var statusTimes = StatusTimes()
    /// An optional: HashiCorp's agents write an empty list as an empty list.
    var leftMembers: BoundedNames? = BoundedNames()
    var eventLTime: UInt64 = 0
    var events: EventTimes? = EventTimes()
    var queryLTime: UInt64 = 0
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("LTime", &lTime)
        try visit.field("StatusLTimes", &statusTimes)
        try visit.field("LeftMembers", &leftMembers)
        try visit.field("EventLTime", &eventLTime)
        try visit.field("Events", &events)
        try visit.field("QueryLTime", &queryLTime)
    }
}

/// A map from names to Lamport times, in its order on the wire, so that a run of the simulation can
/// be repeated. Names beyond the bound are skipped.
struct StatusTimes: WireValue, Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var name: String
        var lTime: UInt64
    }

    var entries: [Entry] = []

    var isWireEmpty: Bool { false }

    func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.beginMap(count: entries.count)
        for entry in entries {
            encoder.key(entry.name)
            encoder.unsigned(entry.lTime)
        }
        encoder.endMap()
    }

    mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        entries.removeAll()
        if try decoder.null() { return }
        try decoder.beginMap()
        while let name = try decoder.nextKey() {
            let lTime = try decoder.unsigned()
            if entries.count < Limits.pushPullNamesMax {
                entries.append(Entry(name: name, lTime: lTime))
            }
        }
    }
}

/// A list of names. Names beyond the bound are skipped.
struct BoundedNames: WireValue, Hashable, Sendable {
    var names: [String] = []

    var isWireEmpty: Bool { false }

    func encode<E: WireEncoder>(to encoder: inout E) { names.encode(to: &encoder) }

    mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        names.removeAll()
        if try decoder.null() { return }
        try decoder.beginArray()
        while try decoder.nextElement() {
            guard names.count < Limits.pushPullNamesMax else {
                try decoder.skip()
                continue
            }
            names.append(try decoder.null() ? "" : decoder.string())
        }
    }
}

/// The ring of recent events: HashiCorp's agents write every slot, nil where it is empty. Only used
/// slots are kept in reading, in their order.
struct EventTimes: WireValue, Hashable, Sendable {
    var times: [EventTimeRecord] = []
    /// Empty slots that are written after the used ones.
    var emptySlots = 0

    var isWireEmpty: Bool { false }

    func encode<E: WireEncoder>(to encoder: inout E) {
        encoder.beginArray(count: times.count + emptySlots)
        for time in times { encoder.record(time) }
        for _ in 0..<emptySlots { encoder.null() }
        encoder.endArray()
    }

    mutating func decode<D: WireDecoder>(from decoder: inout D) throws {
        self = EventTimes()
        if try decoder.null() { return }
        try decoder.beginArray()
        while try decoder.nextElement() {
            if try decoder.null() { continue }
            guard times.count < Limits.pushPullEventTimesMax else {
                try decoder.skip()
                continue
            }
            var time = EventTimeRecord()
            try time.decode(from: &decoder)
            times.append(time)
        }
    }
}
