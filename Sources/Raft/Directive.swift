package import Primitives

/// A write to the disk. An empty field changes nothing.
package struct Persist: Sendable, Hashable {
    /// Rises by one. `Input.persisted` with it covers all earlier writes, so that many may share a
    /// sync.
    package var sequence: UInt64
    package var hardState: HardState?
    /// Remove this entry and all after it, before `entries` are added.
    package var truncateFrom: LogIndex?
    /// These follow the last entry without a gap; when the log is empty they may begin anywhere.
    package var entries: [LogEntry]

    package init(
        sequence: UInt64, hardState: HardState? = nil, truncateFrom: LogIndex? = nil,
        entries: [LogEntry] = []
    ) {
        self.sequence = sequence
        self.hardState = hardState
        self.truncateFrom = truncateFrom
        self.entries = entries
    }
}

/// The result of a request of the shell.
package enum Outcome: Sendable, Hashable {
    /// Committed, and applied here.
    case committed(index: LogIndex, term: Term)
    /// Leadership was handed over, or the bootstrap is on disk.
    case done
    /// Nothing was written. Names the leader, if one is known.
    case notLeader(leader: Peer?)
    /// This server lost the leadership with the entry in its log: it may yet be committed, or not.
    case lost
    /// The transfer of leadership took longer than an election; this server stays leader.
    case timedOut
    /// Nothing was written.
    case refused(RaftError)
}

package enum Role: String, Sendable, Hashable {
    case follower
    case candidate
    case leader
}

/// An action for the shell. The shell carries directives out one by one in their order and decides
/// nothing. Disk and network may be slow; only the order in which they receive the work matters.
package enum Directive: Sendable, Hashable {
    // MARK: Messages

    /// Send this on `request.lane`. The result is `Input.reply`, `.failed` or
    /// `.preVoteUnsupported`.
    case send(Request, to: Peer, exchange: ExchangeID)
    /// Answer the `Input.request` of this exchange.
    case reply(Reply, exchange: ExchangeID)
    /// Send the request and, after it, the contents of the snapshot `meta.id`.
    case sendSnapshot(InstallSnapshot, to: Peer, exchange: ExchangeID)

    // MARK: Storage

    /// Write this. From here on the `LogReader` of every step shows its entries, synced or not.
    case persist(Persist)
    /// Apply these committed entries to the state machine, then step with `applied(through:)`. All
    /// of them are on this server's disk. The state machine receives only entries of kind command.
    case commit(from: LogIndex, through: LogIndex)
    /// Write the present state of the state machine to a snapshot, with the
    /// `RaftCore.snapshotMeta(at:)` of the last applied entry; then step with `snapshotTaken` or
    /// `snapshotNotTaken`.
    case takeSnapshot
    /// Remove the entries up to this one, in the order of the log's other writes. The index may be
    /// beyond the log's end: then the log is empty, and begins anew after that index.
    case compact(through: LogIndex)
    /// Receive the contents that come with the request of this exchange; then step with
    /// `snapshotReceived` or `snapshotFailed`. Without this directive the contents are discarded.
    case receiveSnapshot(SnapshotMeta, exchange: ExchangeID)
    /// Make the received contents the newest snapshot, and load them into the state machine; then
    /// step with `snapshotInstalled`. If either fails this server must stop.
    case installSnapshot(SnapshotMeta, exchange: ExchangeID)
    /// Make the contents that wait with this ticket the newest snapshot, and load them into the
    /// state machine; then step with `restored` or `notRestored`, before any other new input.
    case restore(SnapshotMeta, Ticket)
    /// Discard the received contents.
    case discardSnapshot(exchange: ExchangeID)

    // MARK: The shell's own

    case answer(Ticket, Outcome)
    /// The state machine, which has applied all up to `index`, may be read for this ticket.
    case readReady(Ticket, index: LogIndex)
    case roleChanged(Role, term: Term, leader: Peer?)
    /// The configuration of the group changed. It may change back until the entry is committed.
    case configurationChanged(Configuration, index: LogIndex)
    /// Step with `tick` then. Replaces an earlier one.
    case wake(at: Instant)
    /// Stop serving: the log cannot be read, or contradicts itself.
    case stop(RaftError)
}
