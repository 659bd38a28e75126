package import Raft

/// What the entries of the log are for. The node calls it from one thread at a time, in the order
/// of the log.
package protocol StateMachine: AnyObject, Sendable {
    /// Carries out the committed entries of a batch in order, and leaves each result in the ticket
    /// of its entry.
    ///
    /// - Throws: when an entry cannot be carried out as the other servers carry it out. The node
    ///   stops for good then.
    func apply(_ batch: CommittedBatch) throws

    /// The state as it stands, to be written down elsewhere while this goes on. Costs nothing.
    ///
    /// - Parameter lastIndex: of the last entry that it knows, commands and others.
    func image(lastIndex: LogIndex) -> any StateImage

    /// Becomes what an image describes. `next` gives its pieces, then nil.
    func restore(_ next: () throws -> [UInt8]?) throws
}

/// An object of the proposer's own that accompanies a command to the state machine, which leaves
/// the result in it. It exists in the memory of the proposing leader alone: the node drops it when
/// it answers the proposal, whatever the answer is.
package typealias ProposalTicket = AnyObject & Sendable

/// Committed entries of kind command, not empty, in the order of the log, each with the ticket that
/// this server proposed it with. Entries of other leaders, and those read at a start, have none.
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
    /// The next piece, of some hundred kilobytes at most unless a single record is larger; nil
    /// behind the last.
    mutating func next() -> [UInt8]?
}
