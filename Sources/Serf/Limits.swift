package import Memberlist
package import Primitives

/// The bounds of Serf's memory and work. Senders outside of this program choose names, times and
/// sizes, so every table that they fill has one.
package enum Limits {
    /// Slots of the rings that recognise repeated events and queries; HashiCorp's number.
    package static let ringSlots = 512
    /// Events or queries of one Lamport time: many nodes may send at the same time, but the search
    /// for a repetition is linear.
    package static let itemsPerTimeMax = 1_024
    /// Bytes of the events in the ring, which each push/pull carries: below memberlist's bound on
    /// the state of a push/pull.
    package static let eventRingBytesMax = 8 << 20
    /// Name and payload of an event, whatever the options are; HashiCorp's bound.
    package static let userEventBytesMax = 9 * 1024
    /// The largest step of a Lamport clock. One forged time near the end of the range would
    /// otherwise leave no room for further times. A pool with 1,000 events per second takes 34
    /// years for one such step.
    package static let clockLeadMax: UInt64 = 1 << 40
    /// Bytes of a member's name in an intent; memberlist admits no longer ones.
    package static let nameBytesMax = 255
    /// Intents about members that are not known yet.
    package static let recentIntentsMax = 16_384
    /// Members that are known, failed and left ones included. Twice memberlist's bound, so that a
    /// gone member can be reaped for each new one.
    package static let membersMax = 2 * Memberlist.Limits.membersMax
    /// Names in the state of a push/pull; further ones are skipped.
    package static let pushPullNamesMax = 2 * membersMax
    /// Event times in the state of a push/pull; HashiCorp's agents send 512.
    package static let pushPullEventTimesMax = 4_096
    /// Queries of this node that are open at the same time.
    package static let openQueriesMax = 1_024
    /// Received queries that wait for this node's answer.
    package static let receivedQueriesMax = 4_096
    /// The longest time for which a received query waits for an answer.
    package static let queryTimeoutMax = GoDuration.minutes(10)
    /// Members that are tried in the choice of relays, for a pool in which few are alive.
    package static let relayTriesMax = 1_024
    /// Bytes of a key in a list: base64 of the shortest, and its head. Bounds the work of a list.
    package static let encodedKeyBytesMin = 25
    /// Key operations that wait for the keyring's file.
    package static let keyringChangesMax = 64
    /// Joins that are open at the same time.
    package static let joinsMax = 64
    /// Streams that one join opens at the same time.
    package static let joinStreamsMax = 4
    /// The time beyond memberlist's stream timeout after which an address of a join has failed,
    /// even if the end of its stream was not reported.
    package static let joinGrace = GoDuration.seconds(5)
    /// The time beyond the timeout of memberlist's departure after which its end is assumed.
    package static let leaveGrace = GoDuration.seconds(1)
    /// Requests that wait for the same departure.
    package static let leaveTicketsMax = 64
    /// Members that wait to be pruned at the end of their departure.
    package static let prunesMax = 1_024
    /// A gossip queue is pruned at once beyond this many times the bound of the periodic check.
    package static let queueOverflowFactor = 2
    /// A queue of this depth is logged; HashiCorp's number.
    package static let queueDepthWarning = 128
    /// The least time between two records of the clock in the snapshot file; HashiCorp's number.
    package static let clockRecordInterval = GoDuration.milliseconds(500)
    /// The least size at which a snapshot file is compacted, and the bytes per member beyond it;
    /// HashiCorp's numbers.
    package static let compactionBytesMin = 128 * 1024
    package static let compactionBytesPerMember = 256
}
