internal import Primitives

extension MemberlistCore {
    /// Handles the claim that a member is suspect.
    mutating func receiveSuspect(_ claim: PoolClaim, _ delegate: inout some MemberlistDelegate) {
        guard let slot = table.slot(of: claim.name) else { return }
        let member = table[slot]
        guard claim.incarnation >= member.incarnation else { return }
        if suspicions[slot] != nil { return confirm(claim, slot, &delegate) }
        guard member.state == .alive else { return }
        if slot == localSlot {
            refute(claim.incarnation)
            return note(
                .warning, "refute.suspect", "Refuting a suspect message (from: \(claim.from))")
        }
        regossip(.suspect, claim)
        table.update(slot) { member in
            member.incarnation = claim.incarnation
            member.state = .suspect
            member.changedAt = now
        }
        if options.has(.neverExpiresSuspicion) { return }
        let suspicion = makeSuspicion(from: claim.from)
        suspicions[slot] = suspicion
        arm(.suspicion(slot), at: suspicion.deadline)
    }

    private func makeSuspicion(from: String) -> Suspicion {
        // Confirmations are not expected where fewer members could send them.
        let wanted = options.suspicionMultiplier - 2
        let least = Suspicion.leastTimeout(
            multiplier: options.suspicionMultiplier, memberCount: memberCount,
            interval: options.probeInterval)
        return Suspicion(
            from: from, wanted: memberCount - 2 < wanted ? 0 : wanted, least: least,
            greatest: least * Int64(options.suspicionMaxMultiplier), now: now)
    }

    /// Counts an independent accusation, and gossips it on: each shortens the time at the others
    /// too.
    private mutating func confirm(
        _ claim: PoolClaim, _ slot: MemberTable.Slot, _ delegate: inout some MemberlistDelegate
    ) {
        let countsTwice = options.has(.countsOneAccuserTwice)
        guard suspicions[slot]?.confirm(from: claim.from, countsTwice: countsTwice) == true,
            let deadline = suspicions[slot]?.deadline
        else { return }
        regossip(.suspect, claim)
        if deadline <= now {
            expireSuspicion(of: slot, &delegate)
        } else {
            arm(.suspicion(slot), at: deadline)
        }
    }

    /// Declares a suspected member dead.
    mutating func expireSuspicion(
        of slot: MemberTable.Slot, _ delegate: inout some MemberlistDelegate
    ) {
        guard let suspicion = suspicions.removeValue(forKey: slot) else { return }
        let member = table[slot]
        note(
            .info, "suspect.expired",
            "Marking \(member.name) as failed, suspect timeout reached "
                + "(\(suspicion.confirmations) peer confirmations)")
        receiveDead(
            PoolClaim(name: member.name, incarnation: member.incarnation, from: name), &delegate)
    }

    /// Handles the claim that a member is dead, or its own that it has left.
    mutating func receiveDead(_ claim: PoolClaim, _ delegate: inout some MemberlistDelegate) {
        guard let slot = table.slot(of: claim.name) else { return }
        let member = table[slot]
        guard claim.incarnation >= member.incarnation else { return }
        guard member.state.isLive else { return }
        if slot == localSlot, !isLeaving {
            refute(claim.incarnation)
            return note(.warning, "refute.dead", "Refuting a dead message (from: \(claim.from))")
        }
        suspicions[slot] = nil
        regossip(.dead, claim, ticket: slot == localSlot ? Self.leaveTicket : nil)
        table.update(slot) { member in
            member.incarnation = claim.incarnation
            member.state = claim.from == claim.name ? .left : .dead
            member.changedAt = now
        }
        delegate.memberGone(table[slot], now: now)
    }

    private mutating func regossip(
        _ type: MessageType, _ claim: PoolClaim, ticket: UInt64? = nil
    ) {
        if options.has(.neverRegossips), claim.from != name { return }
        switch type {
        case .dead: broadcast(.dead, claim.dead, about: claim.name, ticket: ticket)
        default: broadcast(.suspect, claim.suspect, about: claim.name)
        }
    }
}
