internal import Memberlist
internal import Primitives
internal import Wire

extension SerfState {
    /// Delivers a user event unless it is old or was seen.
    ///
    /// - Returns: whether it is new, and is to be gossiped on.
    mutating func apply(_ event: UserEventRecord) -> Bool {
        let size = event.name.utf8.count + event.payload.count
        guard eventClock.admits(event.lTime), size <= Limits.userEventBytesMax else {
            note(
                .warning, "serf.event.rejected",
                "Rejecting an event of time \(event.lTime) with \(size) bytes")
            return false
        }
        eventClock.witness(event.lTime)
        guard event.lTime >= eventTimeMin else { return false }
        guard !isOld(event.lTime, eventClock) else {
            note(
                .warning, "serf.event.old",
                "received old event \(event.name) from time \(event.lTime) "
                    + "(current: \(eventClock.time))")
            return false
        }
        var item = NamedPayload()
        item.name = event.name
        item.payload = event.payload
        switch eventRing.insert(item, lTime: event.lTime) {
        case .added: break
        case .repeated:
            guard options.memberlist.has(.deliversEventsTwice) else { return false }
        case .full:
            note(.warning, "serf.event.rejected", "Rejecting an event: too many are recent")
            return false
        }
        let message = UserMessage(
            lTime: event.lTime, name: event.name, payload: event.payload.array,
            coalesces: event.coalesces)
        directives.append(.event(.user(message)))
        if event.lTime > recordedTimes.eventClock {
            recordedTimes.eventClock = event.lTime
            record(.eventClock(event.lTime))
        }
        return true
    }

    /// Returns whether a time is so old that its slot may have been used again.
    func isOld(_ lTime: UInt64, _ clock: LamportClock) -> Bool {
        let slots = UInt64(Limits.ringSlots)
        return clock.time > slots && lTime < clock.time - slots
    }

    /// Sends an event of this node, and delivers it here.
    mutating func send(
        name: String, payload: [UInt8], coalesces: Bool
    ) throws(SerfError) {
        let size = name.utf8.count + payload.count
        if size > options.userEventBytesMax {
            throw .eventExceedsOption(limit: options.userEventBytesMax)
        }
        if size > Limits.userEventBytesMax { throw .eventTooLong(limit: Limits.userEventBytesMax) }
        var event = UserEventRecord()
        event.lTime = eventClock.time
        event.name = name
        event.payload = Bytes(payload)
        event.coalesces = coalesces
        let message = SerfMessageType.userEvent.encode(event)
        if message.count > options.userEventBytesMax {
            throw .encodedEventExceedsOption(limit: options.userEventBytesMax)
        }
        if message.count > Limits.userEventBytesMax {
            throw .encodedEventTooLong(limit: Limits.userEventBytesMax)
        }
        eventClock.increment()
        _ = apply(event)
        gossip(message, on: .events)
    }

    // MARK: The snapshot file's clock

    /// Appends the clock to the snapshot file when it has moved: at once with an event about a
    /// member, otherwise at most once per interval.
    mutating func recordClock(now: Instant, isForced: Bool = false) {
        let time = clock.time - 1
        guard time > recordedTimes.clock else { return }
        if !isForced, let last = clockRecordedAt, now - last < Limits.clockRecordInterval { return }
        clockRecordedAt = now
        recordedTimes.clock = time
        record(.clock(time))
    }
}
