package import Memberlist
package import Primitives

/// The settings of a Serf node. Names and values are Serf's (`config.go`), with Consul's changes.
package struct SerfOptions: Sendable {
    package var memberlist: MemberlistOptions
    /// The wait for a departure to be gossiped.
    package var broadcastTimeout = GoDuration.seconds(5)
    /// The wait after it, before the sockets close.
    package var leavePropagateDelay = GoDuration.seconds(3)
    package var reapInterval = GoDuration.seconds(15)
    package var reconnectInterval = GoDuration.seconds(30)
    /// The time after which a failed member is forgotten.
    package var reconnectTimeout = GoDuration.hours(72)
    /// The time after which a member that left is forgotten.
    package var tombstoneTimeout = GoDuration.hours(24)
    /// Returns the time that replaces `reconnectTimeout` for one member; nil for none.
    package var reconnectTimeoutOfMember: @Sendable (_ member: SerfMember) -> GoDuration? = { _ in
        nil
    }
    package var recentIntentTimeout = GoDuration.minutes(5)
    package var userEventBytesMax = 512
    package var queryBytesMax = 1024
    package var queryResponseBytesMax = 1024
    package var queueCheckInterval = GoDuration.seconds(30)
    /// The least bound on each queue; the bound is twice the members when that is more.
    package var queueDepthMin = 4096
    /// Ends this node when it loses the vote about its name. Servers of Consul turn it off.
    package var endsOnNameConflict = true
    package var sendsCoordinates = true
    /// Rejoins after an announced departure too (`-rejoin`).
    package var rejoinsAfterLeave = false
    /// Returns why a member may not be in the pool; nil admits it.
    package var refusal: @Sendable (_ member: SerfMember) -> String? = { _ in nil }
    /// Returns why the members of a join must not be merged; nil accepts them.
    package var mergeRefusal: @Sendable (_ members: [SerfMember]) -> String? = { _ in nil }

    /// Returns whether a text contains a match of a regular expression; false for a faulty one.
    /// Judges the tag filters of queries.
    package var matches: @Sendable (_ pattern: String, _ text: String) -> Bool = { _, _ in false }

    package init(memberlist: MemberlistOptions) { self.memberlist = memberlist }
}
