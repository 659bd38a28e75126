internal import Memberlist
internal import Primitives
internal import Vivaldi

extension SerfState {
    // MARK: Periodic work

    /// Forgets members that have been gone for their timeout, and expired intents and queries.
    mutating func reap(now: Instant) {
        for name in table.failed.names {
            guard let entry = table[name] else { continue }
            let timeout =
                options.reconnectTimeoutOfMember(entry.member) ?? options.reconnectTimeout
            if now - entry.goneAt > timeout { reap(name) }
        }
        for name in table.left.names {
            guard let entry = table[name] else { continue }
            if now - entry.goneAt > options.tombstoneTimeout { reap(name) }
        }
        recentIntents.expire(after: options.recentIntentTimeout, now: now)
        receivedQueries.expire(now: now)
    }

    private mutating func reap(_ name: String) {
        note(.info, "serf.member.reap", "EventMemberReap: \(name)")
        erase(name)
        requests.append(.forget(name))
    }

    /// Forgets one member that is gone when the table is full.
    mutating func makeSpaceForMember() {
        guard table.count >= Limits.membersMax,
            let name = table.left.names.first ?? table.failed.names.first
        else { return }
        reap(name)
    }

    /// Chooses a failed member to connect to: each is tried about once per interval by the whole
    /// pool, so the probability is failed / alive.
    mutating func chooseReconnect() -> SerfMember? {
        let failed = table.failed.names
        guard !failed.isEmpty else { return nil }
        let alive = max(1, table.count - failed.count - table.left.count)
        let probability = Double(failed.count) / Double(alive)
        if Double.random(in: 0..<1, using: &random) > probability {
            note(
                .debug, "serf.reconnect.skipped", "forgoing reconnect for random throttling")
            return nil
        }
        let name = failed[Int.random(in: 0..<failed.count, using: &random)]
        guard let member = table[name]?.member else { return nil }
        note(
            .info, "serf.reconnect.attempted",
            "attempting reconnect to \(name) \(member.address)")
        return member
    }

    // MARK: Pruning

    /// Forgets a member on the operator's request: at once, or at the end of its departure.
    mutating func prune(_ name: String, now: Instant) {
        guard table[name]?.member.status == .leaving else { return forcedReap(name) }
        guard prunes.count < Limits.prunesMax, !prunes.contains(where: { $0.name == name }) else {
            return
        }
        prunes.append((name, now + options.broadcastTimeout + options.leavePropagateDelay))
    }

    /// Forgets the members whose departure is over. A member that is alive again is kept.
    mutating func runPrunes(now: Instant) {
        let due = prunes.filter { $0.at <= now }
        guard !due.isEmpty else { return }
        prunes.removeAll { $0.at <= now }
        for item in due where table[item.name]?.member.status != .alive { forcedReap(item.name) }
    }

    private mutating func forcedReap(_ name: String) {
        guard let member = table[name]?.member else { return }
        note(
            .info, "serf.member.reap", "EventMemberReap (forced): \(name) \(member.address.ip)")
        erase(name)
    }

    private mutating func erase(_ name: String) {
        guard let member = table.remove(name) else { return }
        vivaldi.forget(name)
        coordinates[name] = nil
        directives.append(.event(.member(.reap, member)))
    }
}
