package import Raft

/// Applies the entries of the log. The node calls it from one thread at a time, in the order of the
/// log.
package protocol StateMachine: AnyObject, Sendable {
    /// Carries out the committed entries of a batch in order, and stores each result in the ticket
    /// of its entry.
    ///
    /// - Throws: when an entry cannot be carried out in the same way as on the other servers. The
    ///   node stops permanently then.
    func apply(_ batch: CommittedBatch) throws

    /// Returns the present state, to be written down by another thread while this one continues.
    /// Costs nothing.
    ///
    /// - Parameter lastIndex: of the last entry in it, commands and others.
    func image(lastIndex: LogIndex) -> any StateImage

    /// Loads the state of an image. `next` returns its pieces, then nil.
    func restore(_ next: () throws -> [UInt8]?) throws
}

/// Accompanies a command to the state machine, which stores the
/// result in it. It exists in the memory of the proposing leader alone: the node releases it when
/// it answers the proposal, whatever the answer is.
package typealias ProposalTicket = AnyObject & Sendable

/// Committed entries of kind command, not empty, in the order of the log, each with the ticket with
/// which this server proposed it. Entries of other leaders, and those read at a start, have none.
package struct CommittedBatch: Sendable {
    package let entries: [LogEntry]
    /// One slot for each entry; empty when no entry has a ticket.
    private let tickets: [(any ProposalTicket)?]

    package init(_ entries: [LogEntry], tickets: [(any ProposalTicket)?] = []) {
        self.entries = entries
        self.tickets = tickets
    }

    package func ticket(at slot: Int) -> (any ProposalTicket)? {
        tickets.isEmpty ? nil : tickets[slot]
    }
}

/// A state being written down.
package protocol StateImage: Sendable {
    /// Returns the next piece, of some hundred kilobytes at most unless a single record is larger;
    /// nil after the last.
    mutating func next() -> [UInt8]?
}
