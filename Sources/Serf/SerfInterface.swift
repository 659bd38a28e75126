package import Memberlist
package import Primitives

/// Pairs a request of the shell with its result. Chosen by the shell, unique while it is open.
package typealias SerfTicket = UInt64

/// An event for `SerfCore`. The shell reports one at a time, with the time.
package enum SerfInput: Sendable, Hashable {
    case tick
    /// A datagram, or news of a stream.
    case gossip(MemberlistInput)

    // MARK: Requests, each answered with its ticket

    /// Exchange states with the nodes at these addresses, one after the other. Answered with the
    /// number of nodes that answered and accepted.
    ///
    /// - Parameter ignoresOldEvents: user events from before the join are not delivered.
    case join([TransportAddress], ignoresOldEvents: Bool, SerfTicket)
    /// Announce the departure, wait for it to spread, and end. Answered with `done`.
    case leave(SerfTicket)
    /// Move a failed member to left. Answered at once.
    ///
    /// - Parameter prunes: forget it too.
    case forceLeave(String, prunes: Bool, SerfTicket)
    /// Send a user event to every member, this one included.
    case userEvent(name: String, payload: [UInt8], coalesces: Bool, SerfTicket)
    /// Ask the members. Answered with `queryStarted`; its results are `SerfDirective.query`.
    case query(QueryRequest, SerfTicket)
    /// Answer a received query. Answered with `done`, or refused: it is too long, or too late.
    case respond(QueryID, payload: [UInt8], SerfTicket)
    /// Change this node's tags. Refused when they are longer than memberlist's bound.
    case setTags([String: String], SerfTicket)
    /// `SerfDirective.saveKeyring` is carried out; nil, or the reason why not.
    case keyringSaved(SerfTicket, failure: String?)
}

/// The result of a request of the shell.
package enum SerfOutcome: Sendable, Hashable {
    case done
    /// Answers a join: the nodes that accepted, and the faults of the others.
    case joined(Int, failures: [String])
    case queryStarted(QueryID, deadline: Instant)
    case refused(SerfError)
}

/// An action for the shell, which carries directives out in order and decides nothing.
package enum SerfDirective: Sendable, Hashable {
    case gossip(MemberlistDirective)
    /// Pass this on to the protocol on top.
    case event(SerfEvent)
    case answer(SerfTicket, SerfOutcome)
    case query(QueryID, QueryProgress)
    /// Append this to the snapshot file.
    case record(SnapshotRecord)
    /// Write the keyring to its file and use it; then step with `keyringSaved`.
    case saveKeyring(Keyring, SerfTicket)
    /// Step with `tick` then. Replaces an earlier one.
    case wake(at: Instant)
    case note(MemberlistNote)
    /// End: this node's name belongs to another one, or it has left.
    case stop(SerfError?)
}

/// A line of the snapshot file, from which a restarted node finds the pool again.
package enum SnapshotRecord: Sendable, Hashable {
    case alive(name: String, TransportAddress)
    case notAlive(name: String)
    case clock(UInt64)
    case eventClock(UInt64)
    case queryClock(UInt64)
    case leave
}
