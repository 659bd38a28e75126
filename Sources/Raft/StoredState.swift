/// What a server must remember beside its log (paper, figure 2): synced before it is acted upon.
package struct HardState: Sendable, Hashable {
    package var term: Term
    /// For whom this server voted in `term`: the candidate's id, empty for nobody.
    package var vote: ServerID

    package init(term: Term = 0, vote: ServerID = "") {
        self.term = term
        self.vote = vote
    }
}

/// Where a snapshot stands in the log, and who the group was then.
package struct SnapshotMeta: Sendable, Hashable {
    /// `term-index-milliseconds`, as HashiCorp names its snapshots.
    package var id: String
    package var index: LogIndex
    package var term: Term
    package var configuration: Configuration
    /// The entry from which `configuration` came.
    package var configurationIndex: LogIndex
    /// Of the contents, in bytes.
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

/// The part of the log that was given to the store, as the core reads it back. It answers at once:
/// what is not in its memory is read from the disk meanwhile.
package protocol LogReader {
    /// 0 when the log holds nothing; rises when it is compacted.
    var firstIndex: LogIndex { get }
    /// 0 when the log holds nothing.
    var lastIndex: LogIndex { get }
    /// - Returns: nil where the log has no such entry (compacted away, or not yet written).
    func term(at index: LogIndex) -> Term?
    /// The entries of a range within `firstIndex...lastIndex`, at least one of them, and no more
    /// than fit in `bytesMax` of data.
    func entries(_ range: ClosedRange<LogIndex>, bytesMax: Int) throws -> [LogEntry]
}

/// All that a server knows when it starts; the log itself is read through `LogReader`.
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
    /// The newest whole one, which the state machine was restored from.
    package var snapshot: SnapshotMeta?
    /// Those of the log's entries of kind `configuration`, in order.
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
