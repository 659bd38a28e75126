internal import Memberlist
internal import Primitives

extension SerfState {
    /// Answers a query of Serf itself.
    mutating func answerInternal(
        _ query: String, _ id: QueryID, payload: [UInt8], now: Instant
    ) {
        guard let kind = InternalQuery(rawValue: query) else {
            let rest = query.dropFirst(InternalQuery.prefix.count)
            return note(.warning, "serf.query.unhandled", "Unhandled internal query '\(rest)'")
        }
        switch kind {
        case .ping: break
        case .conflict: answerConflict(id, payload: payload, now: now)
        case .installKey, .useKey, .removeKey: changeKeyring(kind, id, payload: payload, now: now)
        case .listKeys: listKeys(id, now: now)
        }
    }

    /// Sends an answer, and logs the reason when that is impossible.
    mutating func answerOrNote(
        _ id: QueryID, payload: [UInt8], about subject: String, now: Instant
    ) {
        do throws(SerfError) {
            try answer(id, payload: payload, now: now)
        } catch {
            note(
                .error, "serf.query.response", "Failed to respond to \(subject) query: \(error)")
        }
    }

    // MARK: Name conflicts

    /// Answers with the address that this node knows for a name. The holder of the name does not
    /// vote.
    private mutating func answerConflict(_ id: QueryID, payload: [UInt8], now: Instant) {
        let node = String(decoding: payload, as: UTF8.self)
        guard node != name else { return }
        note(.debug, "serf.conflict", "Got conflict resolution query for '\(node)'")
        let vote = ConflictRecord.encode(table[node]?.member)
        answerOrNote(id, payload: vote, about: "conflict", now: now)
    }

    mutating func nameConflict(known: PoolMember, other: PoolMember, now: Instant) {
        guard known.name == name else {
            return note(
                .warning, "serf.conflict",
                "Name conflict for '\(known.name)' both \(known.address) and "
                    + "\(other.address) are claiming")
        }
        note(
            .error, "serf.conflict",
            "Node name conflicts with another node at \(other.address). Names must be unique! "
                + "(Resolution enabled: \(options.endsOnNameConflict))")
        guard options.endsOnNameConflict, phase == .alive, !openQueries.hasVote else { return }
        let request = QueryRequest(
            name: InternalQuery.conflict.rawValue, payload: Array(name.utf8))
        do throws(SerfError) {
            launch(
                try open(request, purpose: .nameVote(answers: 0, matching: 0), now: now),
                now: now)
        } catch {
            note(.error, "serf.conflict", "Failed to start name resolution query: \(error)")
        }
    }

    /// Counts a vote about this node's name.
    mutating func countVote(_ payload: [UInt8], at lTime: UInt64) {
        guard
            let vote = try? SerfMessageType.decode(
                .conflictResponse, ConflictRecord.self, from: payload)
        else {
            return note(
                .error, "serf.conflict", "Failed to decode conflict query response")
        }
        openQueries.countVote(at: lTime, isMatching: vote.transportAddress == address)
    }

    /// Ends this node unless a majority of the answers names its address. No answers decide
    /// nothing: a single forged packet must not end a node that is alone.
    mutating func endVote(answers: Int, matching: Int) {
        guard phase != .ended, answers > 0 else { return }
        if matching >= answers / 2 + 1 {
            return note(
                .info, "serf.conflict",
                "majority in name conflict resolution [\(matching) / \(answers)]")
        }
        note(
            .warning, "serf.conflict",
            "minority in name conflict resolution, quitting [\(matching) / \(answers)]")
        lostName = true
    }
}
