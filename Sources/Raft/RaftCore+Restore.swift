import Primitives

/// A state from outside, on the operator's request: an archive replaces the whole state of the
/// group. HashiCorp's servers do it in the same way: the leader writes the state down as a snapshot
/// after the end of its log, and the others, whose logs end before it, receive it with the next
/// entry.
///
/// No majority decides this. Should the leader fail before a follower has the snapshot, the group
/// may continue with the former state.
extension RaftCore {
    /// Begins a restore.
    ///
    /// - Parameter index: the newest entry in the contents; all later entries are newer than both.
    mutating func restore(_ ticket: Ticket, beyond index: LogIndex) {
        guard role == .leader else {
            return out.append(.answer(ticket, .notLeader(leader: leader)))
        }
        do throws(RaftError) {
            // The configuration must be certain, as for a change of it.
            try checkChange(nil)
        } catch {
            return out.append(.answer(ticket, .refused(error)))
        }
        let meta = SnapshotMeta(
            index: max(index, tail.lastIndex) + 1, term: term, configuration: configuration,
            configurationIndex: configurationIndex)
        out.append(.restore(meta, ticket))
    }

    /// Completes a restore: the snapshot is durable, and the state machine has loaded it.
    mutating func restored(_ meta: SnapshotMeta, _ ticket: Ticket) {
        guard role == .leader, meta.term == term, meta.index > tail.lastIndex else {
            return stop(.committedEntryContradicted(meta.index))
        }
        out.append(.compact(through: meta.index))
        tail.install(meta, keepsRest: false)
        adopt(meta, configurations: [])
        // Entries that were not applied never will be.
        while let item = leading?.waiting.popFirst() {
            if let ticket = item.ticket { out.append(.answer(ticket, .lost)) }
        }
        leading?.waitingBytes = 0
        out.append(.answer(ticket, .committed(index: meta.index, term: term)))
        answerApplied()
    }

    /// Replaces the log up to a snapshot by it.
    mutating func adopt(
        _ meta: SnapshotMeta, configurations rest: [StoredState.ConfigurationEntry]
    ) {
        snapshot = meta
        commitIndex = max(commitIndex, meta.index)
        handedIndex = max(handedIndex, meta.index)
        appliedIndex = max(appliedIndex, meta.index)
        configurations =
            [.init(index: meta.configurationIndex, configuration: meta.configuration)] + rest
        takeNewestConfiguration()
    }
}
