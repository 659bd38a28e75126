/// The state that a server must persist in addition to its log (paper, figure 2): synced before it
/// acts upon it.
package struct HardState: Sendable, Hashable {
    package var term: Term
    /// The id of the candidate for which this server voted in `term`; empty for none.
    package var vote: ServerID

    package init(term: Term = 0, vote: ServerID = "") {
        self.term = term
        self.vote = vote
    }
}

/// The position of a snapshot in the log, and the configuration at that entry.
package struct SnapshotMeta: Sendable, Hashable {
    /// `term-index-milliseconds`, as HashiCorp names its snapshots.
    package var id: String
    package var index: LogIndex
    package var term: Term
    package var configuration: Configuration
    /// The index of the entry that contains `configuration`.
    package var configurationIndex: LogIndex
    /// The size of the contents, in bytes.
    package var size: UInt64

    package init(
        id: String = "", index: LogIndex, term: Term, configuration: Configuration,
        configurationIndex: LogIndex, size: UInt64 = 0
    ) {
        self.id = id
        self.index = index
        self.term = term
        self.configuration = configuration
        self.configurationIndex = configurationIndex
        self.size = size
    }
}

/// The part of the log that was handed to the store, as the core reads it back. It answers at once:
/// entries that are not in its memory are read from the disk meanwhile.
package protocol LogReader {
    /// 0 when the log holds nothing; rises when it is compacted.
    var firstIndex: LogIndex { get }
    /// 0 when the log holds nothing.
    var lastIndex: LogIndex { get }
    /// Returns the term of an entry.
    ///
    /// - Returns: nil where the log has no such entry (compacted away, or not yet written).
    func term(at index: LogIndex) -> Term?
    /// Returns the entries of a range within `firstIndex...lastIndex`, at least one of them, and no
    /// more than fit in `bytesMax` of data.
    func entries(_ range: ClosedRange<LogIndex>, bytesMax: Int) throws -> [LogEntry]
}

/// The whole state of a server at its start; the log itself is read through `LogReader`.
package struct StoredState: Sendable, Hashable {
    /// A configuration found in the log.
    package struct ConfigurationEntry: Sendable, Hashable {
        package var index: LogIndex
        package var configuration: Configuration

        package init(index: LogIndex, configuration: Configuration) {
            self.index = index
            self.configuration = configuration
        }
    }

    package var hardState: HardState
    /// The newest whole one, from which the state machine was restored.
    package var snapshot: SnapshotMeta?
    /// The log's entries of kind `configuration`, in order.
    package var configurations: [ConfigurationEntry]

    package init(
        hardState: HardState = HardState(), snapshot: SnapshotMeta? = nil,
        configurations: [ConfigurationEntry] = []
    ) {
        self.hardState = hardState
        self.snapshot = snapshot
        self.configurations = configurations
    }
}
