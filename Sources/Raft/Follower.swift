import Primitives

/// What a server remembers while it follows.
struct Follower: Sendable {
    /// A snapshot on its way in.
    struct Receiving: Sendable {
        let exchange: Exchange
        let meta: SnapshotMeta
        /// The contents have come; the state machine is being changed over. No entries are taken
        /// meanwhile, and no campaign is begun.
        var isInstalling = false
    }

    /// Campaign then, unless a leader is heard of.
    var electionDeadline = Instant.zero
    var receiving: Receiving?

    var isInstalling: Bool { receiving?.isInstalling ?? false }
}
