internal import Memberlist
internal import Primitives
internal import Wire

extension SerfState {
    /// Returns the clocks, the time of each member's last intent, the members that left, and the
    /// recent events.
    mutating func localState(isJoin: Bool) -> [UInt8] {
        var state = PushPullRecord()
        state.lTime = clock.time
        state.statusTimes.entries.reserveCapacity(table.count)
        for name in table.names {
            let time = table[name]?.statusTime ?? 0
            state.statusTimes.entries.append(StatusTimes.Entry(name: name, lTime: time))
        }
        state.leftMembers?.names = table.left.names
        state.eventLTime = eventClock.time
        state.events = eventRing.times()
        state.queryLTime = queryClock.time
        return SerfMessageType.pushPull.encode(state)
    }

    mutating func mergeRemoteState(
        _ state: ArraySlice<UInt8>, isJoin: Bool, now: Instant
    ) {
        guard phase != .ended else { return }
        guard let first = state.first else {
            return note(.error, "serf.state.invalid", "Remote state is zero bytes")
        }
        guard first == SerfMessageType.pushPull.rawValue else {
            return note(.error, "serf.state.invalid", "Remote state has bad type prefix: \(first)")
        }
        do {
            let record: PushPullRecord = try SerfMessageType.decode(.pushPull, from: Array(state))
            merge(record, isJoin: isJoin, now: now)
        } catch {
            note(.error, "serf.state.invalid", "Failed to decode remote state: \(error)")
        }
    }

    private mutating func merge(_ record: PushPullRecord, isJoin: Bool, now: Instant) {
        witness(record.lTime, \.clock)
        witness(record.eventLTime, \.eventClock)
        witness(record.queryLTime, \.queryClock)
        mergeStatuses(record, isJoin: isJoin, now: now)
        if isJoin, ignoresOldEvents, eventClock.admits(record.eventLTime) {
            eventTimeMin = max(eventTimeMin, record.eventLTime)
        }
        for time in record.events?.times ?? [] {
            var event = UserEventRecord()
            event.lTime = time.lTime
            for item in time.events {
                event.name = item.name
                event.payload = item.payload
                _ = apply(event)
            }
        }
    }

    /// Moves a clock to the other side's, whose time no message has had yet.
    private mutating func witness(
        _ time: UInt64, _ clock: WritableKeyPath<SerfState, LamportClock>
    ) {
        guard time > 0 else { return }
        guard self[keyPath: clock].admits(time - 1) else {
            return note(.warning, "serf.state.rejected", "Rejecting a clock of time \(time)")
        }
        self[keyPath: clock].witness(time - 1)
    }

    /// Applies the departures first, each one past the member's time: the departure was accepted
    /// after that. Arrivals follow.
    ///
    /// A push/pull does not show which members are leaving. A time of this node that it did not
    /// announce may be that of a departure which did not reach it, so it announces itself again.
    /// Otherwise the members that received the departure would show this node as leaving, and its
    /// failure as a departure.
    private mutating func mergeStatuses(
        _ record: PushPullRecord, isJoin: Bool, now: Instant
    ) {
        var times: [String: UInt64] = [:]
        let left = record.leftMembers?.names ?? []
        if !left.isEmpty {
            for entry in record.statusTimes.entries { times[entry.name] = entry.lTime }
        }
        for node in left {
            let (time, overflow) = (times.removeValue(forKey: node) ?? 0).addingReportingOverflow(1)
            if !overflow { _ = apply(LeaveIntent(lTime: time, node: node), now: now) }
        }
        let announced = table[name]?.statusTime ?? .max
        for entry in record.statusTimes.entries where left.isEmpty || times[entry.name] != nil {
            _ = apply(JoinIntent(lTime: entry.lTime, node: entry.name), now: now)
        }
        // A join ends with an announcement anyway.
        if !isJoin, phase == .alive, let time = table[name]?.statusTime, time > announced {
            broadcastJoin(now: now)
        }
    }
}
