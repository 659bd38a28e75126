internal import ConsulModel

// The creation and the end of sessions, and the effects of their end on the keys that they hold.

extension StateStore {
    mutating func applySession(
        _ request: SessionRequest, at index: UInt64, _ changes: inout Changes
    ) -> CommandResult {
        do throws(ConsulStateError) {
            switch request.operation {
            case .create: try create(request.session, at: index, &changes)
            case .destroy:
                if let session = try sessions.get(request.session.id).value {
                    end(session, at: index, &changes)
                }
            }
            return .done
        } catch {
            return .refused(error)
        }
    }

    private mutating func create(
        _ new: Session, at index: UInt64, _ changes: inout Changes
    ) throws(ConsulStateError) {
        var session = new
        if session.id.isEmpty { throw .missingSessionID }
        if session.behavior.isEmpty { session.behavior = SessionBehavior.release.rawValue }
        if SessionBehavior(rawValue: session.behavior) == nil {
            throw .badSessionBehavior(session.behavior)
        }
        guard let node = catalog.node(session.node) else { throw .missingNode }
        session.node = node.node
        for id in session.checkIDs {
            guard let check = catalog.check(id, on: session.node) else {
                throw .missingCheck(id: id)
            }
            if check.status == CheckStatus.critical.rawValue {
                throw .criticalCheck(id: id, status: check.status)
            }
        }
        session.raftIndex = RaftIndex(create: index, modify: index)
        try sessions.insert(session, at: index, &changes)
    }

    /// Removes the session, and its keys or its locks on them.
    mutating func end(
        _ session: Session, at index: UInt64, _ changes: inout Changes
    ) {
        sessions.remove(session, at: index, &changes)
        let deletes = session.behavior == SessionBehavior.delete.rawValue
        let lost = kvs.endLocks(session.id, deletes: deletes, at: index, &changes)
        let delay = min(session.lockDelayNanoseconds, Limits.lockDelayNanosecondsMax)
        if delay > 0 {
            changes.lostLocks += lost.map { LostLock(key: $0, delayNanoseconds: delay) }
        }
    }

    /// Ends the sessions that depended on removed records, and removes the coordinates of removed
    /// nodes.
    mutating func settleLosses(at index: UInt64, _ changes: inout Changes) {
        if changes.losses.isEmpty { return }
        if coordinates.count > 0 {
            for case .node(let node) in changes.losses {
                coordinates.remove(node: node, at: index, &changes)
            }
        }
        if sessions.count == 0 { return }
        for loss in changes.losses {
            let ended =
                switch loss {
                case .node(let node): sessions.list(node: node).value
                case .check(let id, let node): sessions.depending(on: id, of: node)
                }
            for session in ended { end(session, at: index, &changes) }
        }
    }
}
