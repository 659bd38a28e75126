internal import Primitives

extension MemberlistCore {
    /// Runs every timer that is due, each at most once.
    mutating func runTimers(_ delegate: inout some MemberlistDelegate) {
        runDeadlines(&delegate)
        if let probe, now >= probe.nextDeadline { advanceProbe(&delegate) }
        if now >= probeDue {
            probeDue = next(after: probeDue, options.probeInterval)
            if probe == nil { beginProbe(&delegate) } else { isProbeOwed = true }
        }
        if now >= gossipDue {
            gossipDue = next(after: gossipDue, options.gossipInterval)
            gossip(&delegate)
        }
        if now >= pushPullDue {
            let interval = Self.pushPullInterval(options.pushPullInterval, memberCount)
            pushPullDue = next(after: pushPullDue, interval)
            beginPushPull(&delegate)
        }
        if let leaveDeadline, now >= leaveDeadline { endLeave(&delegate) }
    }

    private mutating func runDeadlines(_ delegate: inout some MemberlistDelegate) {
        while let first = deadlines.first, first.at <= now {
            _ = deadlines.popFirst()
            switch first.owner {
            case .suspicion(let slot):
                if suspicions[slot]?.deadline == first.at { expireSuspicion(of: slot, &delegate) }
            case .relay(let sequence):
                if relays[sequence]?.deadline == first.at { expireRelay(sequence, &delegate) }
            }
        }
    }

    /// Arms a timer. Removes the stale ones when they are most of all.
    mutating func arm(_ owner: Deadline.Owner, at instant: Instant) {
        deadlines.insert(Deadline(at: instant, owner: owner))
        let useful = suspicions.count + relays.count
        guard deadlines.count > 64, deadlines.count > 4 * useful else { return }
        deadlines.removeAll { deadline in
            switch deadline.owner {
            case .suspicion(let slot): suspicions[slot]?.deadline != deadline.at
            case .relay(let sequence): relays[sequence]?.deadline != deadline.at
            }
        }
    }

    /// Emits the next wake at the end of every step, unless an earlier one is pending.
    mutating func finish() {
        var next = min(probeDue, gossipDue, pushPullDue)
        if let first = deadlines.first { next = min(next, first.at) }
        if let probe { next = min(next, probe.nextDeadline) }
        if let leaveDeadline { next = min(next, leaveDeadline) }
        if let wakeAt, wakeAt > now, wakeAt <= next { return }
        wakeAt = next
        if next < .distantFuture { out.append(.wake(at: next)) }
    }

    /// Returns the first instant of a timer with this interval: nodes that start together must not
    /// act together. An interval of zero turns the timer off.
    mutating func staggered(_ interval: GoDuration) -> Instant {
        interval > .zero ? now + random.duration(below: interval) : .distantFuture
    }

    /// Returns the instant after `due`. Missed ones are skipped.
    private func next(after due: Instant, _ interval: GoDuration) -> Instant {
        let next = due + interval
        return next > now ? next : now + interval
    }
}
