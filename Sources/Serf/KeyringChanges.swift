internal import Memberlist
internal import Primitives

/// The keyring, and the changes of it that wait for its file. They are made one at a time: each
/// starts from the keyring that the one before has saved.
struct KeyringChanges: Sendable {
    struct Change: Sendable {
        var operation: InternalQuery
        var key: [UInt8]
        /// The query that wants the change, answered at its end.
        var query: QueryID
    }

    /// A keyring that is being written.
    struct Save: Sendable {
        var ticket: SerfTicket
        var keyring: Keyring
        var query: QueryID
    }

    var keyring: Keyring
    private var waiting = FIFOQueue<Change>()
    private(set) var save: Save?
    private var lastTicket: SerfTicket = 0

    init(_ keyring: Keyring) { self.keyring = keyring }

    /// - Returns: false when too many wait.
    mutating func append(_ change: Change) -> Bool {
        guard waiting.count < Limits.keyringChangesMax else { return false }
        waiting.append(change)
        return true
    }

    /// Returns the next change; nil while one is being written.
    mutating func next() -> Change? { save == nil ? waiting.popFirst() : nil }

    /// Starts the write of a changed keyring.
    mutating func begin(_ keyring: Keyring, for query: QueryID) -> SerfTicket {
        lastTicket += 1
        save = Save(ticket: lastTicket, keyring: keyring, query: query)
        return lastTicket
    }

    /// Ends the write with this ticket, and uses the keyring if it succeeded.
    mutating func end(_ ticket: SerfTicket, succeeded: Bool) -> QueryID? {
        guard let ended = save, ended.ticket == ticket else { return nil }
        if succeeded { keyring = ended.keyring }
        save = nil
        return ended.query
    }
}
