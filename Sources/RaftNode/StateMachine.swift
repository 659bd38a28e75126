package import Raft

/// Applies the entries of the log, whatever they mean. Consul's is `Applier` in ConsulServer. The
/// node calls it from one thread at a time, in the order of the log.
package protocol StateMachine: AnyObject, Sendable {
    /// Carries out the committed entries of a batch in order, and stores each result in the context
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

/// Accompanies a command to the state machine, which stores the result in it. It exists in the
/// memory of the proposing leader alone: the node releases it when it answers the proposal,
/// whatever the answer is. The core knows the proposal by its number, the `Ticket`.
package typealias ProposalContext = AnyObject & Sendable

/// Holds committed entries of kind command, not empty, in the order of the log, each with the
/// context with which this server proposed it. Entries of other leaders, and those read at a start,
/// have none.
package struct CommittedBatch: Sendable {
    package let entries: [LogEntry]
    /// One slot for each entry; empty when no entry has a context.
    private let contexts: [(any ProposalContext)?]

    package init(_ entries: [LogEntry], contexts: [(any ProposalContext)?] = []) {
        self.entries = entries
        self.contexts = contexts
    }

    package func context(at slot: Int) -> (any ProposalContext)? {
        contexts.isEmpty ? nil : contexts[slot]
    }
}

/// A state being written down.
package protocol StateImage: Sendable {
    /// Returns the next piece, of some hundred kilobytes at most unless a single record is larger;
    /// nil after the last.
    mutating func next() -> [UInt8]?
}
