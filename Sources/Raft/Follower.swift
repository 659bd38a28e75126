import Primitives

/// The state of a server while it follows.
struct Follower: Sendable {
    /// A snapshot that is being received.
    struct Receiving: Sendable {
        let exchange: ExchangeID
        let meta: SnapshotMeta
        /// The contents have arrived; the state machine is loading them. No entries are accepted
        /// meanwhile, and no campaign is begun.
        var isInstalling = false
    }

    /// Campaign then, unless a leader is heard from.
    var electionDeadline = Instant.zero
    var receiving: Receiving?

    var isInstalling: Bool { receiving?.isInstalling ?? false }
}
