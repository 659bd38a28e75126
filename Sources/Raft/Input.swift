/// Numbers a request of the shell, so that its result can be paired with it. Chosen by the shell,
/// unique while the request is open.
package typealias Ticket = UInt64

/// Data to be written to the replicated log.
package struct Proposal: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case command
        /// Answered once all earlier entries are applied.
        case barrier
    }

    package var ticket: Ticket
    package var kind: Kind
    package var data: [UInt8]
    package var extensions: [UInt8]

    package init(
        ticket: Ticket, kind: Kind = .command, data: [UInt8] = [], extensions: [UInt8] = []
    ) {
        self.ticket = ticket
        self.kind = kind
        self.data = data
        self.extensions = extensions
    }
}

/// The certainty with which a read needs this server to be the leader.
package enum ReadMode: Sendable, Hashable {
    /// Consul's `default`: a quorum was heard from within the lease (thesis, 6.4.1). Trusts that no
    /// clock of the group runs twice as fast as another.
    case lease
    /// Consul's `consistent`: a quorum confirms it after the read began (thesis, 6.4).
    case quorum
}

/// A change of the group by one server (thesis, 4.1).
package enum ConfigurationChange: Sendable, Hashable {
    /// Adds it, or changes its address; a voter remains a voter.
    case addNonvoter(id: ServerID, address: String)
    /// Adds it or makes it a voter.
    case addVoter(id: ServerID, address: String)
    /// Makes a non-voter a voter.
    case promote(id: ServerID)
    /// Makes a voter a non-voter.
    case demote(id: ServerID)
    case remove(id: ServerID)
    case setAddress(id: ServerID, address: String)
}

/// An event. The shell reports everything through these, one at a time, with the time.
package enum Input: Sendable, Hashable {
    /// The instant of the last `wake` has come. Every other input checks the clock too.
    case tick

    // MARK: Messages

    /// A request of another server. The answer is a `Directive.reply` with the same exchange: at
    /// once, after the disk has written, or never if this server has ended by then.
    case request(Request, exchange: ExchangeID)
    /// The answer to `Directive.send` or `.sendSnapshot` of that exchange. Late and repeated ones
    /// have no effect.
    case reply(Reply, exchange: ExchangeID)
    /// No answer will come: there is no connection, the connection broke, or the exchange timed
    /// out.
    case failed(exchange: ExchangeID)
    /// The receiver of a pre-vote request does not support pre-votes (HashiCorp before raft 1.7).
    /// Counts as granted.
    case preVoteUnsupported(exchange: ExchangeID)

    // MARK: Storage

    /// This `Directive.persist` and all before it are durable.
    case persisted(sequence: UInt64)
    /// The state machine has applied all entries up to this one.
    case applied(through: LogIndex)
    /// The snapshot is on disk, and is the newest.
    case snapshotTaken(SnapshotMeta)
    /// The last `Directive.takeSnapshot` failed. The core repeats it later.
    case snapshotNotTaken
    /// The contents for `Directive.receiveSnapshot` have arrived and are on disk, not yet in use.
    case snapshotReceived(exchange: ExchangeID)
    /// The contents were incomplete, or wrong.
    case snapshotFailed(exchange: ExchangeID)
    /// `Directive.installSnapshot` is carried out.
    case snapshotInstalled(exchange: ExchangeID)

    // MARK: Requests of the shell, each answered with its ticket

    /// All waiting proposals: they are written to disk together.
    case propose([Proposal])
    case read(Ticket, ReadMode)
    /// - Parameter previousIndex: refuse if the configuration is not the one of this entry.
    case changeConfiguration(ConfigurationChange, Ticket, previousIndex: LogIndex?)
    /// Make this voter the leader, or the one with the longest log.
    case transferLeadership(to: ServerID?, Ticket)
    /// Replace the whole state by contents from outside, whose newest entry is `beyond`.
    case restore(Ticket, beyond: LogIndex)
    /// `Directive.restore` is carried out, and made this snapshot.
    case restored(SnapshotMeta, Ticket)
    /// `Directive.restore` failed; the state is unchanged.
    case notRestored(Ticket)
    /// The first configuration of a new group; every server of it may be given the same.
    case bootstrap(Configuration, Ticket)
}
