/// A leader's time in office; rises with each election (Raft paper, section 5.1).
package typealias Term = UInt64
/// The position of an entry in the replicated log; the first has 1.
package typealias LogIndex = UInt64

/// The purpose of a log entry. The numbers are those of HashiCorp's log and wire.
package enum EntryKind: UInt8, Sendable, Hashable {
    case command = 0
    /// The first entry of each leader's term.
    case noop = 1
    /// Written by protocol versions before 2; read, never written.
    case addPeer = 2
    case removePeer = 3
    /// Commits nothing of its own: when it is applied, all earlier entries are applied.
    case barrier = 4
    case configuration = 5
}

/// One entry of the replicated log.
package struct LogEntry: Sendable, Hashable {
    package var index: LogIndex
    package var term: Term
    package var kind: EntryKind
    package var data: [UInt8]
    /// Data for the readers of entries (Consul: the position of a chunk of a cut command).
    package var extensions: [UInt8]

    package init(
        index: LogIndex, term: Term, kind: EntryKind, data: [UInt8] = [], extensions: [UInt8] = []
    ) {
        self.index = index
        self.term = term
        self.kind = kind
        self.data = data
        self.extensions = extensions
    }
}
