package import Primitives

/// One server's part in the consensus: input and time in, directives out.
///
/// A pure value. The shell steps it with all that happens, one input after the other, and carries
/// out what it returns, in order. Nothing is answered, voted or counted before the shell says that
/// it is on disk.
package struct RaftCore: Sendable {
    package let id: ServerID
    package let options: RaftOptions

    // What the shell may read between steps.
    package private(set) var role = Role.follower
    package private(set) var term: Term = 0
    /// The leader of `term`, once known; this server itself when it leads.
    package private(set) var leader: Peer?
    package private(set) var commitIndex: LogIndex = 0
    package private(set) var appliedIndex: LogIndex = 0
    package private(set) var lastIndex: LogIndex = 0
    package private(set) var lastTerm: Term = 0
    package private(set) var snapshot: SnapshotMeta?
    /// The newest configuration, committed or not, and its entry.
    package private(set) var configuration = Configuration()
    package private(set) var configurationIndex: LogIndex = 0
    /// When this server last heard of the leader; nil when it never did. Consul's `last_contact`.
    package private(set) var lastContact: Instant?

    /// What describes the state machine when `index` is the last entry it has taken.
    /// - Parameter id: As `SnapshotMeta.id`.
    /// - Returns: nil when that is before the newest snapshot, or not committed.
    package func snapshotMeta(
        at index: LogIndex, id: String, log: some LogReading
    ) -> SnapshotMeta? { nil }

    /// - Parameters:
    ///   - address: `ip:port` under which the others reach this server; sent with its messages.
    ///   - stored: What the disk holds; the state machine must be that of `stored.snapshot`.
    ///   - log: The log as found. Where it contradicts the snapshot it is dropped.
    package init(
        id: ServerID, address: String, stored: StoredState, log: some LogReading,
        random: SeededRandom, options: RaftOptions = RaftOptions()
    ) {
        self.id = id
        self.options = options
    }

    /// - Parameters:
    ///   - now: Never goes back.
    ///   - log: All entries of the `persist` directives so far, without those cut off or compacted.
    /// - Complexity: Of the order of the entries in the input and in the messages that it causes.
    package mutating func step(
        _ input: Input, now: Instant, log: some LogReading
    ) -> [Directive] {
        []
    }
}
