import Primitives

/// A state from outside, by the operator's hand: an archive becomes what this group holds, whatever
/// it held before. HashiCorp's servers do it in the same way: the leader writes the state down as a
/// snapshot behind the end of its log, and the others, whose logs end before it, are sent that with
/// the next entry.
///
/// No majority is asked. Should the leader fail before a follower has the snapshot, the group may
/// go on with what it had.
extension RaftCore {
    /// - Parameter index: the newest entry that the contents know; what follows is newer than both.
    mutating func restore(_ ticket: Ticket, beyond index: LogIndex) {
        guard role == .leader else {
            return out.append(.answer(ticket, .notLeader(leader: leader)))
        }
        do throws(RaftError) {
            // Which group it is must be beyond doubt, as for a change of it.
            try checkChange(nil)
        } catch {
            return out.append(.answer(ticket, .refused(error)))
        }
        let meta = SnapshotMeta(
            index: max(index, tail.lastIndex) + 1, term: term, configuration: configuration,
            configurationIndex: configurationIndex)
        out.append(.restore(meta, ticket))
    }

    /// The snapshot stands, and the state machine is what it describes.
    mutating func restored(_ meta: SnapshotMeta, _ ticket: Ticket) {
        guard role == .leader, meta.term == term, meta.index > tail.lastIndex else {
            return stop(.committedEntryContradicted(meta.index))
        }
        out.append(.compact(through: meta.index))
        tail.install(meta, keepsRest: false)
        adopt(meta, configurations: [])
        // What had not been carried out never will be.
        while let item = leading?.waiting.popFirst() {
            if let ticket = item.ticket { out.append(.answer(ticket, .lost)) }
        }
        leading?.waitingBytes = 0
        out.append(.answer(ticket, .committed(index: meta.index, term: term)))
        answerApplied()
    }

    /// A snapshot is this server's past now.
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
