/// Pairs a wish of the shell with its answer. Chosen by the shell, unique while it is open.
package typealias Ticket = UInt64

/// Something to be written to the replicated log.
package struct Proposal: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case command
        /// Answered once everything before it is applied.
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

/// How sure a read must be that this server leads.
package enum ReadMode: Sendable, Hashable {
    /// Consul's `default`: a quorum was heard of within the lease (thesis, 6.4.1). Trusts that no
    /// clock of the group runs twice as fast as another.
    case lease
    /// Consul's `consistent`: a quorum says so after the read began (thesis, 6.4).
    case quorum
}

/// A change of the group by one server (thesis, 4.1).
package enum ConfigurationChange: Sendable, Hashable {
    /// Adds it, or changes its address; a voter stays one.
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

/// What happened. The shell reports everything through these, one at a time, with the time.
package enum Input: Sendable, Hashable {
    /// The instant of the last `wake` has come. Every other input looks at the clock too.
    case tick

    // MARK: Messages

    /// Someone asks. The answer is a `Directive.reply` with the same exchange: at once, after the
    /// disk has written, or never if this server has ended by then.
    case request(Request, exchange: Exchange)
    /// The answer to `Directive.send` or `.sendSnapshot` of that exchange. Late and repeated ones
    /// do no harm.
    case reply(Reply, exchange: Exchange)
    /// No answer will come: no connection, the connection broke, or the time for an exchange ran
    /// out.
    case failed(exchange: Exchange)
    /// The server asked for a pre-vote does not know what that is (HashiCorp before raft 1.7).
    /// Counts as granted.
    case preVoteUnsupported(exchange: Exchange)

    // MARK: Storage

    /// This `Directive.persist` and all before it will survive a power cut.
    case persisted(sequence: UInt64)
    /// The state machine has taken all entries up to this one.
    case applied(through: LogIndex)
    /// The snapshot is on disk, and the newest.
    case snapshotTaken(SnapshotMeta)
    /// No snapshot came of the last `Directive.takeSnapshot`. It is asked for again in time.
    case snapshotNotTaken
    /// The contents for `Directive.receiveSnapshot` have come and are on disk, not yet in use.
    case snapshotReceived(exchange: Exchange)
    /// The contents were cut off, or wrong.
    case snapshotFailed(exchange: Exchange)
    /// `Directive.installSnapshot` is carried out.
    case snapshotInstalled(exchange: Exchange)

    // MARK: Wishes, each answered with its ticket

    /// As many as there are waiting: they are written to disk together.
    case propose([Proposal])
    case read(Ticket, ReadMode)
    /// - Parameter previousIndex: refuse if the configuration is not the one of this entry.
    case changeConfiguration(ConfigurationChange, Ticket, previousIndex: LogIndex?)
    /// Make this voter the leader, or the one whose log is furthest.
    case transferLeadership(to: ServerID?, Ticket)
    /// Put contents from outside, whose newest entry is `beyond`, in the place of all there is.
    case restore(Ticket, beyond: LogIndex)
    /// `Directive.restore` is carried out, with the snapshot that came of it.
    case restored(SnapshotMeta, Ticket)
    /// It could not be carried out; all is as it was.
    case notRestored(Ticket)
    /// The first configuration of a new group; every server of it may be given the same.
    case bootstrap(Configuration, Ticket)
}
