/// Holds messages to gossip, each for a bounded number of transmissions. Messages with the fewest
/// transmissions come first, among those the longest that fits, then the newest.
package struct TransmitLimitedQueue: Sendable {
    package init() {}

    package var count: Int { fatalError() }

    /// - Parameters:
    ///   - key: a queued message with this key is replaced.
    ///   - ticket: returned by `takeFinished` when the message is sent often enough, replaced or
    ///     pruned.
    package mutating func append(
        _ message: [UInt8], replacing key: String? = nil, ticket: UInt64? = nil
    ) { fatalError() }

    /// Returns messages for one datagram: each costs its length plus `overhead` of `limit` bytes.
    ///
    /// - Parameter transmissionsMax: `retransmits(multiplier:memberCount:)`.
    package mutating func take(
        overhead: Int, limit: Int, transmissionsMax: Int
    ) -> [[UInt8]] { fatalError() }

    /// Removes and returns the tickets of finished messages.
    package mutating func takeFinished() -> [UInt64] { fatalError() }

    /// Drops the most transmitted messages until at most `max` are left.
    package mutating func prune(to max: Int) { fatalError() }

    /// The number of times that a message is sent: multiplier x ceil(log10(n + 1)).
    package static func retransmits(multiplier: Int, memberCount: Int) -> Int { fatalError() }
}
