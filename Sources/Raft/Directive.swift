package import Primitives

/// What must be on disk. An empty field changes nothing.
package struct Persist: Sendable, Hashable {
    /// Rises by one. `Input.persisted` with it covers all before it, so that many may share a sync.
    package var sequence: UInt64
    package var hardState: HardState?
    /// Remove this entry and all after it, before `entries` are added.
    package var truncateFrom: LogIndex?
    /// Follow the last entry without a gap; when the log is empty they may begin anywhere.
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

/// What became of a wish.
package enum Outcome: Sendable, Hashable {
    /// Committed, and applied here.
    case committed(index: LogIndex, term: Term)
    /// Leadership was handed over, or the bootstrap is on disk.
    case done
    /// Nothing was written. The leader, if one is known.
    case notLeader(leader: Peer?)
    /// This server lost the leadership with the entry in its log: it may yet be committed, or not.
    case lost
    /// The transfer of leadership took longer than an election; this server leads on.
    case timedOut
    /// Nothing was written.
    case refused(RaftError)
}

package enum Role: String, Sendable, Hashable {
    case follower
    case candidate
    case leader
}

/// What the shell must do. It carries directives out one by one in their order and decides nothing.
/// Disk and network may take their time; the order of what is handed to them is what counts.
package enum Directive: Sendable, Hashable {
    // MARK: Messages

    /// Ask, on `request.lane`. Answered by `Input.reply`, `.failed` or `.preVoteUnsupported`.
    case send(Request, to: Peer, exchange: Exchange)
    /// Answer what came with `Input.request`.
    case reply(Reply, exchange: Exchange)
    /// Send the request and, behind it, the contents of the snapshot `meta.id`.
    case sendSnapshot(InstallSnapshot, to: Peer, exchange: Exchange)

    // MARK: Storage

    /// Write this. From here on the `LogReader` of every step shows its entries, synced or not.
    case persist(Persist)
    /// Give these committed entries to the state machine, then step with `applied(through:)`. All
    /// of them are on this server's disk. `data` of kinds other than command is not for it.
    case commit(from: LogIndex, through: LogIndex)
    /// Write the state machine down as it stands, with the `RaftCore.snapshotMeta(at:)` of the last
    /// entry it has taken; then step with `snapshotTaken` or `snapshotNotTaken`.
    case takeSnapshot
    /// Drop the entries up to this one, in the order of the log's other writes. What follows the
    /// log's end may be named too: then it is empty, and begins anew behind what was named.
    case compact(through: LogIndex)
    /// Take in the contents that come with the request of this exchange; then step with
    /// `snapshotReceived` or `snapshotFailed`. Without this directive they are to be thrown away.
    case receiveSnapshot(SnapshotMeta, exchange: Exchange)
    /// Make what was received the newest snapshot, and the state machine the one it describes; then
    /// step with `snapshotInstalled`. If either fails this server must stop.
    case installSnapshot(SnapshotMeta, exchange: Exchange)
    /// Make the contents that are waiting with this ticket the newest snapshot, and the state
    /// machine what they describe; then step with `restored` or `notRestored`, before anything else
    /// that was not under way.
    case restore(SnapshotMeta, Ticket)
    /// Throw away what was received.
    case discardSnapshot(exchange: Exchange)

    // MARK: The shell's own

    case answer(Ticket, Outcome)
    /// The state machine, which has taken all up to `index`, may be read for this ticket.
    case readReady(Ticket, index: LogIndex)
    case roleChanged(Role, term: Term, leader: Peer?)
    /// The group is now this. It may change back until the entry is committed.
    case configurationChanged(Configuration, index: LogIndex)
    /// Step with `tick` then. Replaces an earlier one.
    case wake(at: Instant)
    /// The log cannot be read, or contradicts itself: stop serving.
    case stop(RaftError)
}
