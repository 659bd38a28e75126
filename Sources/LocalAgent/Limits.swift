import ConsulModel
package import Primitives

/// The bounds of one agent's memory and work.
package enum Limits {
    /// Events kept, as in Consul.
    package static let userEventsMax = 256
    /// Bytes of an event's name and payload together, as Consul's gossip allows.
    package static let userEventBytesMax = 512
    /// The interval of joining this datacenter's servers into the pool between datacenters.
    static let floodInterval = GoDuration.seconds(60)
    /// The least time between two updates of this node's coordinate, and the updates per second of
    /// a whole datacenter: Consul's.
    static let coordinateIntervalMin = GoDuration.seconds(15)
    static let coordinatesPerSecondMax: Int64 = 64
    /// The longest time that a question to the pool may wait for answers: it holds a request open.
    package static let poolQueryTimeMax = GoDuration.seconds(60)
    /// Bytes of an answer to a question: with the names of the question and of the node it must fit
    /// into Serf's 1024.
    static let poolAnswerBytesMax = 896
    /// Reliable events kept; the next event evicts the oldest. As many as an agent's buffer.
    package static let reliableEventsMax = 256
    /// Bytes of a reliable event's payload: in base64 it must fit into a value of the store.
    package static let reliablePayloadMax = 256 << 10
    /// Bytes of a payload inside its event. A larger one is stored under a key of its own, because
    /// each agent reads the log at each change.
    package static let reliablePayloadInline = 1024
    /// How long a reliable event waits for nodes that are down: the default and the maximum.
    package static let reliableRetention = GoDuration.hours(72)
    package static let reliableRetentionMax = GoDuration.hours(24 * 30)
    /// The back-off after a failed read of the event log.
    static let eventLogBackOff = BackOff(.doubling, first: .seconds(1), max: .minutes(1))
    /// The interval of reviewing open events without a report.
    package static let eventReviewInterval = GoDuration.seconds(10)
    /// The wait after a failed query for the checks behind an alias, as in Consul.
    static let aliasBackOff = BackOff(constant: .seconds(5))
    /// The wait of one such blocking query: the delay before a service without checks is noticed.
    static let aliasQueryTime = GoDuration.seconds(60)
    /// Transitions kept for each check.
    package static let checkHistoryMax = 32
    /// Watches added by the API; a program that adds without end must not fill the agent.
    package static let addedWatchesMax = 1_000
    /// Failed runs in a row after which a watch's health check is critical.
    package static let failuresUntilCritical = 3
    /// Runs kept for each watch.
    package static let watchHistoryMax = 20
    /// Bytes of a plugin's own text in addition to the bound on its target's, such as `HTTP GET
    /// url: 200 OK`.
    package static let checkOutputHeadMax = 1024
    /// The run time after which a handler without `timeout` is logged, again each time it doubles.
    package static let slowHandler = GoDuration.seconds(60)
    /// The grace period between a probe's timeout and its abandonment.
    package static let probeGrace = GoDuration.seconds(5)
    /// Intervals below one second are raised to it, as in Consul.
    package static let checkIntervalMin = GoDuration.seconds(1)
    /// The interval of searching for services that are critical for too long, as in Consul.
    package static let reapInterval = GoDuration.seconds(30)
    /// The least time before a critical service may be deregistered, as in Consul.
    package static let deregisterAfterMin = CheckDefinition.deregisterAfterMin
    /// The interval of full comparisons with the catalog, as in Consul for small clusters.
    package static let fullSyncInterval = GoDuration.seconds(60)
    /// The delay of the next pass after a failed one.
    package static let syncRetryInterval = GoDuration.seconds(15)
    /// How long a request of the API waits for the servers to take its change. The first is longer
    /// than an election among healthy servers; the second applies after a failed attempt, when the
    /// servers are probably unreachable.
    package static let settleMax = GoDuration.seconds(3)
    package static let settleAfterFailureMax = GoDuration.milliseconds(250)
    /// Bytes of a persisted registration that are read back.
    package static let persistedFileMax = 1 << 20
    /// Pauses, resumes and triggers of one watch that wait for its loop; beyond, only the newest of
    /// each effect stays. A client would have to send them faster than the loop turns.
    package static let watchControlsMax = 64
    /// Bytes of a dead-letter file, beyond which no entry is added.
    package static let deadLetterBytesMax = 64 << 20
}
