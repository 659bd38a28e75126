package import Primitives

/// The times and counts of a pool. Names and values are memberlist's (`config.go`), with Consul's
/// changes.
package struct MemberlistOptions: Sendable, Hashable {
    /// One member is probed every `probeInterval` x (health score + 1).
    package var probeInterval = GoDuration.seconds(1)
    /// The wait for a direct ack, before other members ping on request.
    package var probeTimeout = GoDuration.milliseconds(500)
    /// Members that ping on request.
    package var indirectChecks = 3
    package var disablesStreamPings = false
    package var gossipInterval = GoDuration.milliseconds(200)
    /// Members that each gossip tick sends to.
    package var gossipNodes = 3
    /// The time for which dead members still receive gossip, to refute their death.
    package var gossipToTheDeadTime = GoDuration.seconds(30)
    package var pushPullInterval = GoDuration.seconds(30)
    /// The first push/pull after a join comes within this; zero for the interval alone, as in
    /// memberlist.
    package var syncAfterJoinTime = GoDuration.zero
    /// A message is sent at most this x ceil(log10(n + 1)) times.
    package var retransmitMultiplier = 4
    /// The least suspicion lasts this x log10(n) x `probeInterval`.
    package var suspicionMultiplier = 4
    /// The greatest suspicion in multiples of the least.
    package var suspicionMaxMultiplier = 6
    /// The health score is below this.
    package var awarenessMax = 8
    /// The time after which another address may take the name of a dead member; zero for never.
    package var deadNodeReclaimTime = GoDuration.seconds(30)
    /// The longest that a stream may take.
    package var streamTimeout = GoDuration.seconds(10)
    /// Bytes of a datagram that this node sends.
    package var packetBytesMax = 1400
    /// Counts members that did not send a nack against the own health (Lifeguard).
    package var expectsNacks = true
    /// Sends a suspected member the accusation with each ping (Lifeguard's buddy system).
    package var notifiesSuspects = true
    #if PLANTED_BUGS
        /// Mistakes that this node makes, to test that the simulation finds them.
        package var plantedBugs: PlantedBugs = []
    #endif

    package init() {}

    /// The pool of one datacenter.
    package static let lan = MemberlistOptions()

    /// The pool between datacenters.
    package static let wan: MemberlistOptions = {
        var options = MemberlistOptions()
        options.streamTimeout = .seconds(30)
        options.suspicionMultiplier = 6
        options.pushPullInterval = .seconds(60)
        options.probeTimeout = .seconds(3)
        options.probeInterval = .seconds(5)
        options.gossipInterval = .milliseconds(500)
        options.gossipToTheDeadTime = .seconds(60)
        return options
    }()

    /// Plain SWIM, to measure the effect of Lifeguard.
    package var withoutLifeguard: MemberlistOptions {
        var options = self
        options.awarenessMax = 1
        options.suspicionMaxMultiplier = 1
        options.expectsNacks = false
        options.notifiesSuspects = false
        return options
    }
}
