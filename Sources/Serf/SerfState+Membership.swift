internal import Memberlist
internal import Primitives

extension SerfState {
    /// True when another member is alive: gossip has a receiver.
    var hasOthers: Bool {
        table.aliveCount > (table[name]?.member.status == .alive ? 1 : 0)
    }

    // MARK: Events of memberlist

    mutating func memberJoined(_ member: PoolMember, now: Instant) {
        var entry: MemberEntry
        if let known = table[member.name] {
            entry = known
            entry.member.status = .alive
        } else {
            makeSpaceForMember()
            entry = MemberEntry(
                member: SerfMember(
                    name: member.name, address: member.address, status: .alive), meta: [])
            if let intent = recentIntents[member.name] {
                entry.statusTime = intent.lTime
                if intent.kind == .leave { entry.member.status = .leaving }
            }
        }
        show(member, in: &entry)
        note(.info, "serf.member.join", "EventMemberJoin: \(member.name) \(member.address.ip)")
        directives.append(.event(.member(.join, entry.member)))
        if isRecordable(member.name) {
            record(.alive(name: member.name, member.address))
        }
        recordClock(now: now, isForced: true)
    }

    mutating func memberGone(_ member: PoolMember, now: Instant) {
        guard let known = table[member.name]?.member else { return }
        switch known.status {
        case .leaving: table.setStatus(.left, of: known.name)
        case .alive: table.setStatus(.failed, of: known.name)
        case .none, .left, .failed:
            note(
                .warning, "serf.member.badState",
                "Bad state when leave: \(known.status.rawValue)")
            return
        }
        table.setGone(at: now, known.name)
        let isLeft = known.status == .leaving
        if isLeft {
            note(.info, "serf.member.left", "EventMemberLeave: \(known.name) \(known.address.ip)")
        } else {
            note(
                .info, "serf.member.failed",
                "EventMemberFailed: \(known.name) \(known.address.ip)")
        }
        reportGone(known.name, isLeft ? .leave : .failed, now: now)
    }

    mutating func memberUpdated(_ member: PoolMember, now: Instant) {
        guard var entry = table[member.name] else { return }
        show(member, in: &entry)
        note(.info, "serf.member.update", "EventMemberUpdate: \(member.name)")
        directives.append(.event(.member(.update, entry.member)))
    }

    /// Stores memberlist's facts about a member.
    private mutating func show(_ member: PoolMember, in entry: inout MemberEntry) {
        let tags = Tags.decode(member.meta)
        if tags == nil {
            note(.error, "serf.tags.invalid", "Failed to decode tags: \(member.name)")
        }
        entry.member.tags = tags ?? [:]
        entry.meta = member.meta
        entry.member.address = member.address
        entry.member.versions = member.versions
        entry.goneAt = .zero
        table.set(entry)
    }

    private mutating func reportGone(
        _ name: String, _ change: SerfEvent.MemberChange, now: Instant
    ) {
        guard let member = table[name]?.member else { return }
        directives.append(.event(.member(change, member)))
        if isRecordable(name) { record(.notAlive(name: name)) }
        recordClock(now: now, isForced: true)
    }

    /// Returns whether a name can be part of a line.
    private func isRecordable(_ name: String) -> Bool {
        !name.utf8.contains(UInt8(ascii: "\n"))
    }

    // MARK: Intents

    /// Applies a departure.
    ///
    /// - Returns: whether the intent is new, and is to be gossiped on.
    mutating func apply(_ intent: LeaveIntent, now: Instant) -> Bool {
        guard witness(intent.lTime, about: intent.node) else { return false }
        guard let entry = table[intent.node] else {
            return recentIntents.insert(.leave, lTime: intent.lTime, about: intent.node, now: now)
        }
        guard intent.lTime > entry.statusTime else { return false }
        if intent.node == name, phase == .alive {
            note(.debug, "serf.intent.refuted", "Refuting an older leave intent")
            broadcastJoin(now: now)
            return false
        }
        table.setStatusTime(intent.lTime, of: intent.node)
        switch entry.member.status {
        case .alive: table.setStatus(.leaving, of: intent.node)
        case .failed:
            table.setStatus(.left, of: intent.node)
            note(
                .info, "serf.member.left",
                "EventMemberLeave (forced): \(intent.node) \(entry.member.address.ip)")
            reportGone(intent.node, .leave, now: now)
        case .leaving, .left: break
        case .none: return false
        }
        if intent.prune { prune(intent.node, now: now) }
        return true
    }

    /// Applies an arrival.
    ///
    /// - Returns: whether the intent is new, and is to be gossiped on.
    mutating func apply(_ intent: JoinIntent, now: Instant) -> Bool {
        guard witness(intent.lTime, about: intent.node) else { return false }
        guard let entry = table[intent.node] else {
            return recentIntents.insert(.join, lTime: intent.lTime, about: intent.node, now: now)
        }
        guard intent.lTime > entry.statusTime else { return false }
        table.setStatusTime(intent.lTime, of: intent.node)
        if entry.member.status == .leaving { table.setStatus(.alive, of: intent.node) }
        return true
    }

    /// Moves the clock past the time of an intent. Rejects names and times that no member sends.
    private mutating func witness(_ lTime: UInt64, about name: String) -> Bool {
        guard clock.admits(lTime), !name.isEmpty, name.utf8.count <= Limits.nameBytesMax else {
            note(.warning, "serf.intent.rejected", "Rejecting an intent of time \(lTime)")
            return false
        }
        clock.witness(lTime)
        return true
    }

    /// Gossips an arrival of this node with the present time, which is later than any departure
    /// seen so far.
    mutating func broadcastJoin(now: Instant) {
        let intent = JoinIntent(lTime: clock.time, node: name)
        _ = apply(intent, now: now)
        gossip(SerfMessageType.join.encode(intent), on: .intents)
    }

    /// Applies and gossips a departure of any member. Serf looks for others after applying it, so
    /// that the only other member would not hear of its departure and could not refute it.
    ///
    /// - Parameter ticket: returned by the queue once the intent is gossiped.
    /// - Returns: whether it is gossiped; not without another member alive.
    mutating func broadcastLeave(
        _ node: String, prunes: Bool = false, ticket: UInt64? = nil, now: Instant
    ) -> Bool {
        let intent = LeaveIntent(lTime: clock.time, node: node, prune: prunes)
        let hasReceivers = hasOthers
        clock.increment()
        _ = apply(intent, now: now)
        guard hasReceivers else { return false }
        gossip(SerfMessageType.leave.encode(intent), on: .intents, ticket: ticket)
        return true
    }
}
