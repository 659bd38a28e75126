internal import Primitives
internal import Wire

extension MemberlistCore {
    /// Handles the announcement of a member.
    mutating func receiveAlive(_ alive: Alive, _ delegate: inout some MemberlistDelegate) {
        // An announcement that was on its way must not bring this node back.
        if isLeaving, alive.node == name { return }
        guard let member = admit(alive, delegate) else { return }
        guard let slot = table.slot(of: member.name) else { return addMember(member, &delegate) }
        let known = table[slot]
        var takesOver = false
        if known.address != member.address {
            guard mayTakeOver(known, member) else {
                return delegate.nameConflict(known: known, other: member, now: now)
            }
            takesOver = true
        }
        if slot == localSlot {
            receiveAliveAboutSelf(member)
        } else if takesOver || supersedes(member, known) {
            refresh(slot, known, with: member, &delegate)
        }
    }

    /// Returns whether an announcement is newer than the known state.
    private func supersedes(_ member: PoolMember, _ known: PoolMember) -> Bool {
        if options.has(.aliveWinsTies), known.state == .suspect {
            return member.incarnation >= known.incarnation
        }
        return member.incarnation > known.incarnation
    }

    /// Returns the announced member, or nil, with a note, when it may not be in the pool.
    private mutating func admit(
        _ alive: Alive, _ delegate: some MemberlistDelegate
    ) -> PoolMember? {
        let member: PoolMember
        do throws(PoolMember.Invalid) {
            member = try PoolMember(alive, port: localMember.address.port)
        } catch {
            noteInvalid(alive, error)
            return nil
        }
        let versions = member.versions
        guard versions.protocolMin > 0, versions.protocolMin <= versions.protocolMax else {
            note(
                .warning, "alive.versions",
                "Ignoring an alive message for '\(member.name)' (\(member.address)) because "
                    + "protocol version(s) are wrong: \(versions.protocolMin) <= "
                    + "\(versions.protocolSpoken) <= \(versions.protocolMax) should be >0")
            return nil
        }
        if let refusal = delegate.refusal(ofAlive: member) {
            note(
                .warning, "alive.refused",
                "ignoring alive message for '\(member.name)': \(refusal)")
            return nil
        }
        return member
    }

    private mutating func noteInvalid(_ alive: Alive, _ reason: PoolMember.Invalid) {
        let text =
            switch reason {
            case .name: "a name of \(alive.node.utf8.count) bytes"
            case .incarnation: "the incarnation \(alive.incarnation)"
            case .address: "an invalid address"
            case .meta: "a meta of \(alive.meta.count) bytes"
            case .versions: "Vsn is not present"
            }
        let name = alive.node.utf8.count <= Limits.nameBytesMax ? alive.node : ""
        note(
            .warning, "alive.invalid",
            "ignoring alive message for '\(name)' because \(text)")
    }

    private mutating func addMember(
        _ member: PoolMember, _ delegate: inout some MemberlistDelegate
    ) {
        guard member.incarnation > 0 else { return }
        guard table.count < Limits.membersMax else {
            return note(
                .warning, "alive.full",
                "ignoring alive message for '\(member.name)': \(Limits.membersMax) members are "
                    + "known")
        }
        var member = member
        member.changedAt = now
        _ = table.insert(member, &random)
        broadcast(.alive, Alive(member), about: member.name)
        delegate.memberJoined(member, now: now)
    }

    private mutating func refresh(
        _ slot: MemberTable.Slot, _ known: PoolMember, with member: PoolMember,
        _ delegate: inout some MemberlistDelegate
    ) {
        suspicions[slot] = nil
        broadcast(.alive, Alive(member), about: member.name)
        var member = member
        member.changedAt = known.state == .alive ? known.changedAt : now
        table.update(slot) { $0 = member }
        if !known.state.isLive {
            delegate.memberJoined(member, now: now)
        } else if known.meta != member.meta {
            delegate.memberUpdated(member, now: now)
        }
    }

    /// Returns whether another address may have the name of a known member: that has left, or is
    /// dead for long enough.
    private mutating func mayTakeOver(_ known: PoolMember, _ other: PoolMember) -> Bool {
        let reclaim = options.deadNodeReclaimTime
        let isOver =
            known.state == .left
            || known.state == .dead && reclaim > .zero && now - known.changedAt > reclaim
        if isOver {
            note(
                .info, "alive.takeover",
                "Updating address for left or failed node \(known.name) from \(known.address) to "
                    + "\(other.address)")
        } else {
            note(
                .error, "alive.conflict",
                "Conflicting address for \(known.name). Mine: \(known.address) Theirs: "
                    + "\(other.address) Old state: \(known.state.rawValue)")
        }
        return isOver
    }

    // MARK: This node

    /// Refutes an announcement of this node that it did not make: after a restart the others know
    /// an earlier process.
    private mutating func receiveAliveAboutSelf(_ member: PoolMember) {
        let me = localMember
        if member.incarnation < me.incarnation { return }
        if member.incarnation == me.incarnation, member.meta == me.meta,
            member.versions == me.versions
        {
            return
        }
        refute(member.incarnation)
        note(
            .warning, "refute.alive",
            "Refuting an alive message for '\(name)' (\(member.address)) meta:(\(member.meta) VS "
                + "\(me.meta)), vsn:(\(member.versions) VS \(me.versions))")
    }

    /// Announces this node with an incarnation above an accusation's.
    mutating func refute(_ accused: UInt32) {
        if options.has(.neverRefutes) { return }
        table.update(localSlot) { member in
            member.incarnation = Self.successor(of: max(member.incarnation, accused))
        }
        applyHealth(1)
        announce()
    }

    mutating func applyHealth(_ delta: Int) {
        awareness.apply(delta, isBounded: !options.has(.unboundedAwareness))
    }
}
