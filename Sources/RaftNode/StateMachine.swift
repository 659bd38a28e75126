package import Raft

/// What the entries of the log are for. The node calls it from one thread at a time, in the order
/// of the log.
package protocol StateMachine: AnyObject, Sendable {
    /// Carries out committed entries of kind command, not empty, in order.
    ///
    /// - Throws: when an entry cannot be carried out as the other servers carry it out. The node
    ///   stops for good then.
    func apply(_ entries: [LogEntry]) throws

    /// The state as it stands, to be written down elsewhere while this goes on. Costs nothing.
    ///
    /// - Parameter lastIndex: of the last entry that it knows, commands and others.
    func image(lastIndex: LogIndex) -> any StateImage

    /// Becomes what an image describes. `next` gives its pieces, then nil.
    func restore(_ next: () throws -> [UInt8]?) throws
}

/// A state being written down.
package protocol StateImage: Sendable {
    /// The next piece, of some hundred kilobytes at most unless a single record is larger; nil
    /// behind the last.
    mutating func next() -> [UInt8]?
}
