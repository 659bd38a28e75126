package import Memberlist
package import Primitives
package import Vivaldi

/// One node of a Serf pool: input and time in, directives out. Holds memberlist's core.
///
/// A pure value; a shell (`GossipNode`) carries out the directives in order.
package struct SerfCore: Sendable {
    /// - Parameters:
    ///   - restored: the contents of the snapshot file, for clocks and event times.
    ///   - keyring: empty for a pool without encryption.
    package init(
        name: String, address: TransportAddress, tags: [String: String],
        options: SerfOptions, keyring: Keyring, restored: SnapshotState = SnapshotState(),
        random: SeededRandom
    ) { fatalError() }

    /// Announces this node and arms the timers. Called once, before any step.
    package mutating func start(now: Instant) -> [SerfDirective] { fatalError() }

    /// Handles one input. `now` never goes back.
    package mutating func step(_ input: SerfInput, now: Instant) -> [SerfDirective] { fatalError() }

    // MARK: The state that may be read between steps

    package var localMember: SerfMember { fatalError() }
    /// Every known member, in the order of their names.
    package var members: [SerfMember] { fatalError() }
    package func member(named name: String) -> SerfMember? { fatalError() }
    /// This node's coordinate.
    package var coordinate: Coordinate { fatalError() }
    /// The newest coordinate that a member sent with an ack; nil when it sent none.
    package func coordinate(of name: String) -> Coordinate? { fatalError() }
    /// Counts and clocks for `consul info` and metrics.
    package var statistics: SerfStatistics { fatalError() }
    package var keyring: Keyring { fatalError() }
}

/// The figures that `consul info` shows for a pool (`serf_lan`), in Serf's names.
package struct SerfStatistics: Sendable, Hashable {
    package var members = 0
    package var failed = 0
    package var left = 0
    package var healthScore = 0
    package var memberTime: UInt64 = 0
    package var eventTime: UInt64 = 0
    package var queryTime: UInt64 = 0
    package var intentQueue = 0
    package var eventQueue = 0
    package var queryQueue = 0
    package var coordinateResets = 0
    package var isEncrypted = false
    package init() {}
}

/// The contents of a snapshot file.
package struct SnapshotState: Sendable, Hashable {
    /// The members that were alive, by name.
    package var alive: [String: TransportAddress] = [:]
    package var clock: UInt64 = 0
    package var eventClock: UInt64 = 0
    package var queryClock: UInt64 = 0
    /// The last record is this node's departure.
    package var hasLeft = false
    package init() {}
}
