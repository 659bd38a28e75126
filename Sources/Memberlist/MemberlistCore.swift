package import Primitives

/// One node's part in the pool: input and time in, directives out.
///
/// A pure value. `Serf` holds it and passes itself as the delegate; a shell carries out the
/// directives.
package struct MemberlistCore: Sendable {
    package let name: String
    package let options: MemberlistOptions

    /// - Parameters:
    ///   - address: the address under which the others reach this node.
    ///   - meta: at most `Limits.metaBytesMax` bytes.
    package init(
        name: String, address: TransportAddress, meta: [UInt8], versions: VersionVector = .consul,
        options: MemberlistOptions, random: SeededRandom
    ) {
        self.name = name
        self.options = options
        fatalError()
    }

    // MARK: The state that may be read between steps

    /// This node itself, with its present incarnation.
    package var localMember: PoolMember { fatalError() }
    /// Every known member, this node, dead and left ones included, in no particular order.
    package var members: [PoolMember] { fatalError() }
    package func member(named name: String) -> PoolMember? { fatalError() }
    /// Members of any state, this node included: the n of every formula.
    package var memberCount: Int { fatalError() }
    /// Lifeguard's health score: 0 is healthy, below `options.awarenessMax`.
    package var healthScore: Int { fatalError() }
    package var isLeaving: Bool { fatalError() }
    /// Messages that wait to be gossiped.
    package var queuedCount: Int { fatalError() }

    // MARK: Steps

    /// Announces this node and arms the timers. Called once, before any step.
    package mutating func start(now: Instant, delegate: inout some MemberlistDelegate) {
        fatalError()
    }

    /// Handles one input.
    ///
    /// - Parameter now: never goes back.
    package mutating func step(
        _ input: MemberlistInput, now: Instant, delegate: inout some MemberlistDelegate
    ) {
        fatalError()
    }

    /// Removes and returns the directives since the last call, in order.
    package mutating func takeDirectives() -> [MemberlistDirective] { fatalError() }

    // MARK: Requests of the delegate

    /// Starts an exchange of all states with the node at an address. Its end is
    /// `MemberlistDelegate.pushPullEnded`.
    package mutating func pushPull(
        with address: TransportAddress, isJoin: Bool, now: Instant,
        delegate: inout some MemberlistDelegate
    ) -> OutgoingStream { fatalError() }

    /// Changes this node's meta and gossips it with a new incarnation.
    package mutating func updateMeta(
        _ meta: [UInt8], now: Instant, delegate: inout some MemberlistDelegate
    ) { fatalError() }

    /// Gossips this node's own departure; ends with `MemberlistDelegate.leaveEnded`, at the latest
    /// after the timeout.
    package mutating func leave(
        timeout: GoDuration, now: Instant, delegate: inout some MemberlistDelegate
    ) { fatalError() }

    /// Sends an opaque message to one address by datagram: no CRC, no gossip with it.
    package mutating func sendUserMessage(_ message: [UInt8], to address: TransportAddress) {
        fatalError()
    }

    /// Forgets a member that is dead or left.
    package mutating func forget(_ name: String) { fatalError() }

    /// Sets the bytes that sealing adds to each datagram, so that gossip fits.
    package mutating func setPacketOverhead(_ bytes: Int) { fatalError() }
}
